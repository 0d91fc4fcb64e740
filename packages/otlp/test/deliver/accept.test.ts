import { ManualClock } from '@ostinato/testing';
import { Acceptor, type Encoded, type ExportResult, type Intake } from '../../src/deliver/accept.ts';
import type { Owner } from '../../src/deliver/account.ts';
import type { Unit } from '../../src/unit.ts';
import { manualRuntime } from '../support/rig.ts';

const unit = (name: string): Unit => ({ bytes: new TextEncoder().encode(name), points: 1, resource: '' });
const nameOf = ({ bytes }: Unit) => new TextDecoder().decode(bytes);

function setUp() {
  const clock = new ManualClock();
  const taken: { name: string; at: number; owner: Owner }[] = [];
  let spills = 0;
  let spent = 0;
  const slices: number[] = [];
  const faults: unknown[] = [];
  const spend = (millis: number) => {
    spent += millis;
  };
  const intake = {
    holding: false as boolean,
    push: (units: readonly Unit[], owner: Owner) => {
      for (const one of units) taken.push({ name: nameOf(one), at: spent, owner });
    },
    spill: async () => {
      spills++;
    },
    fault: (error: unknown) => void faults.push(error),
  } satisfies Intake;
  const acceptor = new Acceptor(
    intake,
    {
      ...manualRuntime(clock),
      now: () => clock.now() + spent,
      soon: (callback) =>
        clock.setImmediate(() => {
          const before = spent;
          callback();
          slices.push(spent - before);
        }),
    },
    1000,
  );
  const accept = (encoded: Partial<Encoded>) => {
    const results: ExportResult[] = [];
    acceptor.accept({ resource: '', units: [], lazy: undefined, ...encoded }, (result) =>
      results.push(result),
    );
    return results;
  };
  const names = () => taken.map(({ name }) => name);
  return { clock, spend, slices, faults, intake, taken, acceptor, accept, names, spills: () => spills };
}

/** Steps that take their time. */
function* slow(spend: (millis: number) => void, steps: readonly (string | undefined)[], millis: number) {
  for (const step of steps) {
    spend(millis);
    yield step === undefined ? undefined : unit(step);
  }
}

describe('Acceptor', () => {
  test('foreign units are with their line when accept returns', () => {
    const { accept, names } = setUp();
    accept({ units: [unit('a'), unit('b')] });
    expect(names()).toEqual(['a', 'b']);
  });

  test('a batch without points is a success at once', () => {
    const { accept } = setUp();
    expect(accept({})).toEqual([{ code: 0 }]);
  });

  test('a snapshot is read in slices of 1 ms, with a turn of the event loop between them', async () => {
    const { accept, clock, spend, slices, names } = setUp();
    accept({ lazy: slow(spend, ['a', undefined, 'b', undefined, 'c', 'd', 'e', undefined], 0.75) });
    expect(names()).toEqual(['a']);
    await clock.advance(0);
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    // Two steps of 0.75 ms reach the millisecond.
    expect(slices).toEqual([1.5, 1.5, 1.5, 0.75]);
  });

  test('batches keep the order of their exports, also behind a snapshot that is being read', async () => {
    const { accept, clock, spend, names } = setUp();
    accept({ lazy: slow(spend, ['a', 'b', 'c'], 5) });
    accept({ units: [unit('d')] });
    expect(names()).not.toContain('d');
    await clock.advance(1);
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('SUCCESS when all units are delivered, not before', async () => {
    const { accept, taken } = setUp();
    const results = accept({ units: [unit('a'), unit('b')] });
    taken[0]?.owner.settled({ kind: 'delivered' });
    expect(results).toEqual([]);
    taken[1]?.owner.settled({ kind: 'delivered' });
    expect(results).toEqual([{ code: 0 }]);
  });

  test('SUCCESS when units are as safe in the log as its policy promises', async () => {
    const { accept, clock, taken } = setUp();
    const results = accept({ units: [unit('a')] });
    let synced = () => {};
    const durable = new Promise<void>((resolve) => {
      synced = resolve;
    });
    taken[0]?.owner.settled({ kind: 'logged', durable });
    await clock.advance(0);
    expect(results).toEqual([]);
    synced();
    await clock.advance(0);
    expect(results).toEqual([{ code: 0 }]);
  });

  test.each(['rejected', 'dropped'] as const)('FAILED with the cause when one is %s', async (kind) => {
    const { accept, taken } = setUp();
    const results = accept({ units: [unit('a'), unit('b')] });
    taken[0]?.owner.settled({ kind, points: 3, cause: 'too old' });
    taken[1]?.owner.settled({ kind: 'delivered' });
    expect(results).toEqual([{ code: 1, error: expect.objectContaining({ code: 'OSTINATO_EXPORT' }) }]);
    expect(results[0]?.error?.message).toBe(`3 points lost; ${kind}: too old`);
  });

  test('after acceptMillis what is unsettled goes to the log, and the answer is SUCCESS', async () => {
    const { accept, clock, spills } = setUp();
    const results = accept({ units: [unit('a')] });
    await clock.advance(999);
    expect([results, spills()]).toEqual([[], 0]);
    await clock.advance(1);
    expect([results, spills()]).toEqual([[{ code: 0 }], 1]);
  });

  test('it calls back once, whatever is settled later', async () => {
    const { accept, clock, taken } = setUp();
    const results = accept({ units: [unit('a')] });
    await clock.advance(1000);
    taken[0]?.owner.settled({ kind: 'rejected', points: 1, cause: 'late' });
    await clock.advance(10_000);
    expect(results).toEqual([{ code: 0 }]);
  });

  test('answers at once where what comes stays in memory and nothing is sent soon', () => {
    const { accept, intake } = setUp();
    intake.holding = true;
    expect(accept({ units: [unit('a')] })).toEqual([{ code: 0 }]);
  });

  describe('a snapshot that is not read when acceptMillis are over', () => {
    /** The event loop turns when the test says so. */
    function busy() {
      const clock = new ManualClock();
      const turns: (() => void)[] = [];
      const names: string[] = [];
      const intake = {
        holding: false,
        push: (units: readonly Unit[]) => void names.push(...units.map(nameOf)),
        spill: jest.fn(async () => {}),
        fault: () => {},
      } satisfies Intake;
      let spent = 0;
      const runtime = {
        ...manualRuntime(clock),
        now: () => spent,
        soon: (turn: () => void) => void turns.push(turn),
      };
      const acceptor = new Acceptor(intake, runtime, 1000);
      const accept = (units: readonly string[]) => {
        const results: ExportResult[] = [];
        const spend = (millis: number) => {
          spent += millis;
        };
        const lazy = slow(spend, units, 2);
        acceptor.accept({ resource: '', units: [], lazy }, (result) => results.push(result));
        return results;
      };
      return { clock, names, intake, accept, turn: () => turns.shift()?.() };
    }

    test('is read on in slices, and then made safe', async () => {
      const { clock, names, intake, accept, turn } = busy();
      const results = accept(['a', 'b', 'c']);
      await clock.advance(1000);
      expect([names, results]).toEqual([['a'], []]);
      turn();
      expect(names).toEqual(['a', 'b']);
      turn();
      turn();
      await clock.advance(0);
      expect([names, results]).toEqual([['a', 'b', 'c'], [{ code: 0 }]]);
      expect(intake.spill).toHaveBeenCalledTimes(1);
    });

    test('is read to its end when the next one comes, lest they become ever more', async () => {
      const { clock, names, accept } = busy();
      const results = accept(['a', 'b', 'c']);
      const others = accept(['d', 'e']);
      expect(names).toEqual(['a']);
      await clock.advance(1000);
      accept(['f']);
      expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
      await clock.advance(0);
      expect([results, others]).toEqual([[{ code: 0 }], [{ code: 0 }]]);
    });
  });

  test('FAILED with the cause when a snapshot cannot be read; what comes behind it is not held up', async () => {
    const { accept, clock, names } = setUp();
    const broken = accept({
      // biome-ignore lint/correctness/useYield: it fails first
      lazy: (function* () {
        throw new Error('no such cell');
      })(),
    });
    accept({ units: [unit('b')] });
    await clock.advance(0);
    expect(broken).toEqual([{ code: 1, error: expect.objectContaining({ code: 'OSTINATO_EXPORT' }) }]);
    expect(names()).toEqual(['b']);
  });

  test('a callback that throws harms nobody else', () => {
    const { acceptor, accept, faults } = setUp();
    const error = new Error("the caller's");
    acceptor.accept({ resource: '', units: [], lazy: undefined }, () => {
      throw error;
    });
    expect(accept({})).toEqual([{ code: 0 }]);
    expect(faults).toEqual([error]);
  });

  test('drained() waits until snapshots are read, without holding the event loop', async () => {
    const { acceptor, accept, clock, spend, names } = setUp();
    accept({ lazy: slow(spend, ['a', 'b', 'c'], 5) });
    const drained = acceptor.drained().then(() => names());
    expect(names()).toEqual(['a']);
    await clock.advance(1);
    expect(await drained).toEqual(['a', 'b', 'c']);
    await acceptor.drained();
  });

  test('export never throws: FAILED if a unit cannot be taken in', () => {
    const { accept, intake } = setUp();
    const error = new Error('no');
    intake.push = () => {
      throw error;
    };
    expect(accept({ units: [unit('a')] })).toEqual([
      { code: 1, error: expect.objectContaining({ cause: error }) },
    ]);
  });

  test('a unit that becomes two is settled twice', () => {
    const { accept, taken } = setUp();
    const results = accept({ units: [unit('a')] });
    taken[0]?.owner.split();
    taken[0]?.owner.settled({ kind: 'delivered' });
    expect(results).toEqual([]);
    taken[0]?.owner.settled({ kind: 'delivered' });
    expect(results).toEqual([{ code: 0 }]);
  });
});
