/** Cells of the look-up table, at most. */
const MAX_CELLS = 1024;
/** Bits of the mantissa that tell cells apart, at most: 16 cells an octave. */
const FINEST = 4;

const scratch = new Float64Array(1);
const halves = new Int32Array(scratch.buffer);

/**
 * Finds the bucket of a value among explicit upper bounds, each inclusive. One object for all series of a metric.
 *
 * The upper half of a double, as an integer, grows with the value, for values that are not negative. Shifted down it
 * numbers cells, 16 an octave or coarser, from that of the lowest positive bound on. `#first` has, for each cell, how
 * many bounds lie below all its values. From there the bounds are gone through; there is seldom more than one in a
 * cell. A binary search is half as fast, as the processor cannot foresee its turns.
 */
export class ExplicitBounds {
  readonly length: number;
  /** The bounds, and one that nothing exceeds. */
  private readonly bounds: Float64Array;
  private readonly first: Int32Array;
  private readonly shift: number;
  private readonly lowest: number;
  private readonly last: number;

  /** `bounds` are finite and ascending. */
  constructor(bounds: readonly number[]) {
    this.length = bounds.length;
    this.bounds = new Float64Array(bounds.length + 1);
    this.bounds.set(bounds);
    this.bounds[bounds.length] = Infinity;
    const positive = bounds.filter((bound) => bound > 0);
    const from = upperHalf(positive[0] ?? 1);
    const to = upperHalf(positive.at(-1) ?? 1);
    let shift = 20 - FINEST;
    while ((to >> shift) - (from >> shift) >= MAX_CELLS) shift++;
    this.shift = shift;
    this.lowest = from >> shift;
    this.last = (to >> shift) - this.lowest;
    this.first = new Int32Array(this.last + 1);
    let below = 0;
    for (let cell = 1; cell <= this.last; cell++) {
      halves[0] = 0;
      halves[1] = (cell + this.lowest) << shift;
      const smallest = scratch[0] as number;
      while ((this.bounds[below] as number) < smallest) below++;
      this.first[cell] = below;
    }
  }

  /** The bucket of a finite value that is not negative: the number of bounds below it. */
  find(value: number): number {
    const { bounds } = this;
    scratch[0] = value;
    let cell = ((halves[1] as number) >> this.shift) - this.lowest;
    cell = cell < 0 ? 0 : cell > this.last ? this.last : cell;
    let bucket = this.first[cell] as number;
    while (value > (bounds[bucket] as number)) bucket++;
    return bucket;
  }
}

function upperHalf(value: number): number {
  scratch[0] = value;
  return halves[1] as number;
}
