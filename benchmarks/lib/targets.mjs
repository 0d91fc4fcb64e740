/**
 * What the figures must show. `of` gives the figure from `at(group, case)`, the results of one Node.js in one run;
 * it is a ratio unless a unit is given. `why` says of one that is missed what the machine does not allow.
 */
const min = (group) => (at, name) => at(group, name).min;
const record = min('record');
const ratio = (rival, own) => (at) => record(at, rival) / record(at, own);
const exported = (rival, own) => (at) => at('export', rival).min / at('export', own).min;
const bytes = (name) => (at) => at('record', name).bytes;
const memory = (own, rival) => (at) => at('memory', own).min / at('memory', rival).min;
const more = (own, than) => (at) => record(at, own) - record(at, than);
const overEmpty = (name) => (at) => record(at, name) - record(at, 'floor: empty loop');
const block = (name) => (at) => at('export', name).block;
const firstBlock = (name) => (at) => at('export', name).firstBlock;
const scaling = (name) => (at) => {
  const of = (workers, what) => at('threads', `${workers}: ${what}`).min;
  const bare = of('1 worker', 'bare typed-array add') / of('2 workers', 'bare typed-array add');
  return of('1 worker', name) / of('2 workers', name) / bare;
};

const ONE_SLOT = `Each addition of a double to one place waits until the one before it is done, in a bare typed array too
  (\`floor: typed-array add, one slot\`), and nothing that leaves its sum there at each step is faster; of several counters, the
  additions overlap. Integers may do better (\`… one slot of integers\`), but a counter takes fractions.`;
const FOUND = `Each of 64 handles is first found in its array, and looked at: with the least of objects that takes more than the addition
  (\`floor: typed-array add, by 64 objects\`), and a handle also looks whether its recorder is still the one. Handles that have names
  are found already (\`held counter, four constants\`).`;
const BARE = `A bare histogram of 15 bounds that searches them by halves, and can do nothing else, takes longer
  (\`floor: bare histogram of 15 bounds\`, \`floor: bare histograms of 15 bounds, 64\`); not that nothing could be faster.`;
const CACHE = `64 histograms, and what keeps their exemplars, are more than the processor's first cache holds (\`one\` is not).`;
const LITERAL = `A look at three labels takes longer, and puts the literal on the heap (\`floor: three labels of a literal, looked at\`).
  Without one, a handle that is made before there is a recorder would record wrong labels if their object is changed meanwhile.`;
const LEAST_SERIES = `The bare least of a series that can be held, and found by its labels without hashing their text, takes more
  (\`floor: the least of a counter\`).`;
const FIRST_CALL = `Most of that is the first call of gRPC in a process, whose code and HTTP/2's is compiled then: bare, and with ten bytes to
  send, it blocks for longer than asked (\`floor: calls of bare gRPC\`), even where the connection stands before.`;
const OTHER_KIND = `OTel's own exponential histogram is the like: its 15 bounds cost it two thirds of that.`;

const atLeast = (limit) => ({ limit, least: true });
const atMost = (limit) => ({ limit, least: false });

export const targets = [
  [
    'Held counters, 64, against 64 of OTel without attributes',
    atLeast(20),
    ratio('OTel: counters, no attributes, 64', 'held counter'),
  ],
  [
    '… against one of OTel with three',
    atLeast(300),
    ratio('OTel: counter, 3 attributes', 'held counter'),
    'x',
    FOUND,
  ],
  ["… against 64 of Rust's", atLeast(2), ratio('Rust: counters, 64', 'held counter'), 'x', FOUND],
  [
    '… one a turn of a loop, over the same of bare typed-array adds, 64 slots',
    atMost(4),
    ratio('held counter, one a turn', 'floor: typed-array add, 64 slots'),
    'x',
    FOUND,
  ],
  [
    "Held counter, one, against OTel's without attributes",
    atLeast(20),
    ratio('OTel: counter, no attributes', 'held counter, one'),
    'x',
    ONE_SLOT,
  ],
  ["… against Rust's", atLeast(2), ratio('Rust: counter, one', 'held counter, one'), 'x', ONE_SLOT],
  [
    '… over bare typed-array adds, one slot',
    atMost(4),
    ratio('held counter, one', 'floor: typed-array add, one slot'),
  ],
  [
    "Held counters, four constants of a module, against Rust's",
    atLeast(2),
    ratio('Rust: counters, 64', 'held counter, four constants'),
  ],
  [
    '… over bare typed-array adds, four slots',
    atMost(4),
    ratio('held counter, four constants', 'floor: typed-array add, four slots'),
  ],
  ['Held counter: garbage', atMost(0), bytes('held counter'), 'B'],
  ['… with 5 layers, over without', atMost(1.25), ratio('held counter, 5 layers', 'held counter')],
  [
    '… among 10,000 series, over 64',
    atMost(1.25),
    ratio('held counter, among 10,000 series', 'held counter'),
  ],
  ['… in a worker, over the main thread', atMost(1.25), ratio('held counter, in a worker', 'held counter')],
  [
    '… beside a worker that records',
    atMost(1.25),
    ratio('held counter, beside a worker that records', 'held counter'),
  ],
  [
    '… exemplars off, over without tracing',
    atMost(1.25),
    ratio('held counter, exemplars off', 'held counter'),
  ],
  ...['held counter', 'held histogram, exponential', 'held histogram, 15 bounds'].flatMap((name) => [
    [
      `Exemplars on, span active: more for one ${name}`,
      atMost(3),
      more(`${name}, one, exemplars on, span active`, `${name}, one`),
      'ns',
    ],
    ['… for each of 64', atMost(3), more(`${name}, exemplars on, span active`, name), 'ns', CACHE],
  ]),
  ...[
    ['exponential', "OTel's exponential", 'exponential'],
    ['exponential', "OTel's 15 bounds", '15 bounds', OTHER_KIND],
    ['15 bounds', "OTel's 15 bounds", '15 bounds', BARE],
  ].flatMap(([own, rival, name, why]) => [
    [
      `Held histogram, ${own}, one, against ${rival}`,
      atLeast(15),
      ratio(`OTel: histogram, ${name}`, `held histogram, ${own}, one`),
      'x',
      why,
    ],
    [
      `… 64 against 64 of ${rival}`,
      atLeast(15),
      ratio(`OTel: histograms, ${name}, 64`, `held histogram, ${own}`),
      'x',
      why,
    ],
  ]),
  ...['exponential', '15 bounds'].flatMap((own) => [
    [
      `Held histogram, ${own}, one, against a push to Rust's AtomicBucket`,
      atLeast(1),
      ratio('Rust: AtomicBucket push', `held histogram, ${own}, one`),
    ],
    ['… 64 against 64', atLeast(1), ratio('Rust: AtomicBucket push, 64', `held histogram, ${own}`)],
    ['… garbage', atMost(0), bytes(`held histogram, ${own}`), 'B'],
    ['… two in one function: garbage', atMost(0), bytes(`held histograms, ${own}, two in one function`), 'B'],
  ]),
  [
    'Family, labels(…), 3 labels, against OTel',
    atLeast(25),
    ratio('OTel: counter, 3 attributes', 'family: labels(…), 3 labels'),
  ],
  [
    'Family, with({…}), 3 labels, against OTel',
    atLeast(25),
    ratio('OTel: counter, 3 attributes', 'family: with({…}), 3 labels'),
  ],
  [
    '… labels(…), against @prometheus-io/client',
    atLeast(3),
    ratio('@prometheus-io/client: counter, 3 labels', 'family: labels(…), 3 labels'),
  ],
  [
    '… with({…}), against @prometheus-io/client',
    atLeast(3),
    ratio('@prometheus-io/client: counter, 3 labels', 'family: with({…}), 3 labels'),
  ],
  [
    'Free form, fresh literal, against OTel',
    atLeast(10),
    ratio('OTel: counter, 3 attributes', 'free form, 3 labels'),
  ],
  [
    "… against Rust's macro with dynamic labels",
    atLeast(1),
    ratio('Rust: macro, dynamic labels', 'free form, 3 labels'),
  ],
  ['No recorder: held counter, over an empty loop', atMost(3), overEmpty('no recorder: held counter'), 'ns'],
  ['… garbage', atMost(0), bytes('no recorder: held counter'), 'B'],
  [
    'No recorder: literal with three labels, over an empty loop',
    atMost(3),
    overEmpty('no recorder: free form, 3 labels'),
    'ns',
    LITERAL,
  ],
  ['… garbage', atMost(0), bytes('no recorder: free form, 3 labels'), 'B', LITERAL],
  [
    '10,000 counters collected and encoded, against OTel',
    atLeast(20),
    exported('OTel: 10,000 counters', '10,000 counters'),
  ],
  [
    '10,000 exponential histograms, against OTel',
    atLeast(10),
    exported('OTel: 10,000 exponential histograms', '10,000 exponential histograms'),
  ],
  [
    '100,000 counters exported: longest block but for GC, after the first export',
    atMost(5),
    block('100,000 counters'),
    'ms',
  ],
  ['… of the first export', atMost(5), firstBlock('100,000 counters'), 'ms', FIRST_CALL],
  [
    '100,000 exponential histograms: longest block but for GC, after the first export',
    atMost(5),
    block('100,000 exponential histograms'),
    'ms',
  ],
  ['… of the first export', atMost(5), firstBlock('100,000 exponential histograms'), 'ms', FIRST_CALL],
  ['Two workers: scaling, of that of bare loops', atLeast(0.95), scaling('held counter')],
  ["Memory of a counter, of OTel's", atMost(1 / 3), memory('counter', 'OTel: counter'), 'x', LEAST_SERIES],
  [
    "Memory of an exponential histogram, of OTel's",
    atMost(1),
    memory('exponential histogram', 'OTel: exponential histogram'),
  ],
  [
    'Of one core, computed from the above: 10,000 requests a second, two counters and a histogram each',
    atMost(0.05),
    (at) =>
      (record(at, 'held counter') * 2 + record(at, 'held histogram, exponential')) * 10_000 * 1e-9 * 100,
    '%',
  ],
  [
    '1,000 series collected and encoded, half counters, half exponential histograms; half of the cycles below',
    atMost(1),
    (at) => (at('export', '1,000 counters').min + at('export', '1,000 exponential histograms').min) / 2000,
    'ms',
  ],
].map(([text, asked, of, unit = 'x', why]) => ({ text, asked, of, unit, why }));

/** The figure in this run, and whether it is what is asked; undefined where a rival was not there. */
export function judge({ asked, of }, at) {
  let figure;
  try {
    figure = of(at);
  } catch {
    return undefined;
  }
  if (!Number.isFinite(figure)) return undefined;
  return { figure, met: asked.least ? figure >= asked.limit : figure <= asked.limit };
}
