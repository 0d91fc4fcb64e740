/**
 * Exact arithmetic on doubles, without a float operation: which side of 2^(k / 2^scale) a value lies on. The value is
 * raised to the power 2^scale by repeated squaring of an interval of 256-bit integers, whose two ends are rounded
 * outwards; when both lie on the same side of 2^k the answer is proven, else it is computed with all digits.
 */

export interface Exact {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** The double as mantissa * 2^exponent. */
export function exact(value: number): Exact {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: exponent - 1075 };
}

const bitLength = (n: bigint): number =>
  n.toString(16).length * 4 - Math.clz32(Number.parseInt(n.toString(16)[0]!, 16)) + 28;

/** Whether value <= 2^(k / 2^scale). */
export function atMost(value: number, k: number, scale: number): boolean {
  if (scale < 0) return atMost(value, k * 2 ** -scale, 0);
  const { mantissa, exponent } = exact(value);
  let [low, high, shift] = [mantissa, mantissa, exponent];
  for (let i = 0; i < scale; i++) {
    low *= low;
    high *= high;
    shift *= 2;
    const excess = BigInt(Math.max(0, bitLength(high) - 256));
    low >>= excess;
    high = -(-high >> excess);
    shift += Number(excess);
  }
  const bound = k - shift;
  const atMostBound = (n: bigint): boolean => (bound < 0 ? n === 0n : n <= 1n << BigInt(bound));
  if (atMostBound(low) === atMostBound(high)) return atMostBound(low);
  return atMostWithAllDigits(value, k, scale);
}

export function atMostWithAllDigits(value: number, k: number, scale: number): boolean {
  const { mantissa, exponent } = exact(value);
  const power = 2 ** scale;
  const bound = k - exponent * power;
  return bound >= 0 && mantissa ** BigInt(power) <= 1n << BigInt(bound);
}

/** Whether the value lies in bucket `index`: (base^index, base^(index + 1)]. */
export function isInBucket(value: number, index: number, scale: number): boolean {
  return !atMost(value, index, scale) && atMost(value, index + 1, scale);
}

/** The double that is `steps` representable numbers away. */
export function neighbour(value: number, steps: number): number {
  const double = new Float64Array([value]);
  const bits = new BigInt64Array(double.buffer);
  bits[0] = bits[0]! + BigInt(steps);
  return double[0]!;
}
