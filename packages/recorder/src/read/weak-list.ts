/** Objects that are not kept: those that nobody else uses any more drop out, also where nobody looks at the others. */
export class WeakList<T extends object> {
  #refs: WeakRef<T>[] = [];
  /** So many are looked through when one more comes: a constant share of the time, however many come and go. */
  #full = 16;

  get size(): number {
    return this.#refs.length;
  }

  add(item: T): void {
    if (this.#refs.length >= this.#full) {
      this.active();
      this.#full = Math.max(16, this.#refs.length * 2);
    }
    this.#refs.push(new WeakRef(item));
  }

  /** Those that are still in use, in order. */
  active(): T[] {
    const active: T[] = [];
    this.#refs = this.#refs.filter((ref) => {
      const item = ref.deref();
      if (item !== undefined) active.push(item);
      return item !== undefined;
    });
    return active;
  }
}
