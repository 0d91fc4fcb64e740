/** One double, to look at its bits. */
export const DOUBLE = new Float64Array(1);
/** Its halves. The upper one, at 1, grows with the value, for values that are not negative; it is negative for those that are. */
export const HALVES = new Int32Array(DOUBLE.buffer);

/** The upper half of the lowest positive double that has all its 52 bits. */
export const LOWEST_NORMAL = 0x100000;
