/**
 * What becomes of a point that is answered with each status, with and without RetryInfo, on a connection that was well,
 * slow, refused, silent or broken before: DESIGN.md §6.5, row by row.
 */
import { STATUS_NAMES } from '../../src/deliver/classify.ts';
import type { Attempt } from '../../src/transport/transport.ts';
import { fail, OK, REFUSED, Rig } from '../support/rig.ts';

/** `taken`: delivered by this answer. `again`: sent again. `refused`: for good. `kept`: until the destination is mended. */
type Outcome = 'taken' | 'again' | 'refused' | 'kept';

const MATRIX: readonly (readonly [code: number, plain: Outcome, withRetryInfo: Outcome])[] = [
  [0, 'taken', 'taken'],
  [1, 'again', 'again'],
  [2, 'refused', 'refused'],
  [3, 'refused', 'refused'],
  [4, 'again', 'again'],
  [5, 'refused', 'refused'],
  [6, 'refused', 'refused'],
  [7, 'kept', 'kept'],
  [8, 'refused', 'again'],
  [9, 'refused', 'refused'],
  [10, 'again', 'again'],
  [11, 'again', 'again'],
  [12, 'kept', 'kept'],
  [13, 'refused', 'refused'],
  [14, 'again', 'again'],
  [15, 'again', 'again'],
  [16, 'kept', 'kept'],
];
const RETRY_MILLIS = 7000;
/** A destination is asked for so long before it is mended. */
const MENDED_MILLIS = 100_000;

/** How attempts before the answer end, and how long the answer takes. */
const CONDITIONS: Readonly<Record<string, { readonly before: readonly Answer[]; readonly millis: number }>> =
  {
    well: { before: [], millis: 0 },
    slow: { before: [], millis: 3000 },
    refused: { before: [REFUSED, REFUSED], millis: 0 },
    'a black hole': { before: [undefined, undefined], millis: 0 },
    'vanishing mid-call': { before: [fail(14, 'Connection dropped')], millis: 0 },
    'breaking the stream': { before: [fail(13, 'Received RST_STREAM with code 2')], millis: 0 },
  };
type Answer = Attempt | undefined;

const rows = MATRIX.flatMap(([code, plain, withRetryInfo]) =>
  Object.keys(CONDITIONS).flatMap((condition) => [
    { code, name: STATUS_NAMES[code], retryInfo: 'no RetryInfo', condition, outcome: plain },
    { code, name: STATUS_NAMES[code], retryInfo: 'RetryInfo', condition, outcome: withRetryInfo },
  ]),
);

test.each(rows)('$code $name, $retryInfo, after $condition: $outcome', async (row) => {
  const { code, retryInfo, condition, outcome } = row;
  const { before, millis } = CONDITIONS[condition];
  const delay = retryInfo === 'RetryInfo' ? RETRY_MILLIS : undefined;
  const rig = new Rig({ fallback: 'outage', timeoutMillis: 10_000 }, { random: () => 0 });
  const waiting = [...before];
  const answered: number[] = [];
  rig.transport.answer = ({ at }) => {
    if (waiting.length > 0) return waiting.shift();
    if (answered.length > 0 && (outcome !== 'kept' || at > MENDED_MILLIS)) return OK;
    answered.push(at + millis);
    const answer = code === 0 ? OK : fail(code, 'because', delay);
    return new Promise((resolve) => rig.clock.setTimeout(() => resolve(answer), millis));
  };
  rig.export(['point']);
  rig.export(['other']);
  await rig.clock.advance(MENDED_MILLIS / 2);
  expect(rig.state).toBe(outcome === 'kept' ? 'paused' : 'delivering');
  await rig.clock.advance(MENDED_MILLIS);

  // However often it is asked, the point behind waits until the one before it is settled.
  const attempts = before.length + answered.length + (outcome === 'again' || outcome === 'kept' ? 1 : 0);
  expect(rig.received).toEqual([...Array.from({ length: attempts }, () => 'point'), 'other']);
  expect(rig.account).toMatchObject({
    accepted: 2,
    delivered: outcome === 'refused' ? 1 : 2,
    rejected: outcome === 'refused' ? 1 : 0,
    dropped: 0,
    logged: 0,
    queued: 0,
  });
  const [first = 0] = answered;
  const next = rig.transport.sent[before.length + 1]?.at ?? 0;
  if (outcome === 'again' && delay !== undefined) expect(next - first).toBeGreaterThanOrEqual(delay);
  await rig.exporter.shutdown();
});

test.each(Object.keys(CONDITIONS))(
  'a partial success after %s: the refused points are counted and never sent again',
  async (condition) => {
    const { before, millis } = CONDITIONS[condition];
    const rig = new Rig({ fallback: 'outage' });
    const waiting = [...before];
    rig.transport.answer = () => {
      if (waiting.length > 0) return waiting.shift();
      const answer = { ok: true, rejectedPoints: 2, message: 'too old' } as const;
      return new Promise((resolve) => rig.clock.setTimeout(() => resolve(answer), millis));
    };
    rig.export(['a', 'b', 'c']);
    await rig.clock.advance(100_000);
    expect(rig.transport.sent).toHaveLength(before.length + 1);
    expect(rig.account).toMatchObject({ accepted: 3, delivered: 1, rejected: 2, logged: 0, queued: 0 });
    await rig.exporter.shutdown();
  },
);
