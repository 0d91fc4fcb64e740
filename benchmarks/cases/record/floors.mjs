import { createHistogram } from 'node:perf_hooks';
import { BOUNDS } from '../../lib/rivals.mjs';
import { recordsOf } from './held.mjs';

const shared = (bytes = 1024) => new SharedArrayBuffer(bytes);

/** An object that knows its slot: the least of a handle. */
class Slot {
  constructor(slots, index) {
    this.slots = slots;
    this.index = index;
  }
  increment() {
    this.slots[this.index] += 1;
  }
}

/** The least of a histogram: it refuses nothing, has no minimum and maximum, and nobody can read it meanwhile. */
class BareHistogram {
  constructor(slots, index) {
    this.slots = slots;
    this.index = index;
  }
  record(value) {
    const { slots, index } = this;
    let low = 0;
    let high = BOUNDS.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (BOUNDS[middle] < value) low = middle + 1;
      else high = middle;
    }
    slots[index] += value;
    slots[index + 1] += 1;
    slots[index + 2 + low] += 1;
  }
}
const bareHistograms = () => {
  const slots = new Float64Array(shared(64 * 32 * 8));
  return Array.from({ length: 64 }, (_, i) => new BareHistogram(slots, i * 32));
};

/** What the hardware and the engine ask for the bare operation. */
export const floors = {
  'floor: empty loop': {
    make: () => (n) => {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum = (sum + i) | 0;
      return sum;
    },
  },
  'floor: typed-array add, one slot': {
    make: () => {
      const slots = new Float64Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) slots[4] += 1;
      };
    },
  },
  'floor: typed-array add, one slot of integers': {
    make: () => {
      const slots = new Int32Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) slots[4] += 1;
      };
    },
  },
  'floor: typed-array add, four slots': {
    make: () => {
      const slots = new Float64Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 4) {
          slots[0] += 1;
          slots[1] += 1;
          slots[2] += 1;
          slots[3] += 1;
        }
      };
    },
  },
  'floor: typed-array add, 64 slots': {
    make: () => {
      const slots = new Float64Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) slots[i & 63] += 1;
      };
    },
  },
  'floor: typed-array add, by 64 objects': {
    make: () => {
      const slots = new Float64Array(shared());
      const all = Array.from({ length: 64 }, (_, i) => new Slot(slots, i));
      return (n) => {
        for (let i = 0; i < n; i += 1) all[i & 63].increment();
      };
    },
  },
  'floor: bare histogram of 15 bounds': {
    make: () => {
      const h = bareHistograms()[3];
      return (n) => {
        for (let i = 0; i < n; i += 1) h.record((i & 1023) + 0.5);
      };
    },
  },
  'floor: bare histograms of 15 bounds, 64': { make: () => recordsOf(bareHistograms()) },
  'floor: three labels of a literal, looked at': {
    make: () => {
      const method = 'GET';
      const present = (labels) => {
        let count = 0;
        for (const label in labels) if (labels[label] !== '') count += 1;
        return count;
      };
      return (n) => {
        let sum = 0;
        for (let i = 0; i < n; i += 1) sum = (sum + present({ method, route: '/', status: 200 })) | 0;
        return sum;
      };
    },
  },
  'floor: Atomics.add': {
    make: () => {
      const words = new Int32Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) Atomics.add(words, i & 63, 1);
      };
    },
  },
  'floor: Atomics.store': {
    make: () => {
      const words = new Int32Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) Atomics.store(words, 4, i);
      };
    },
  },
  'perf_hooks: histogram.record': {
    make: () => {
      const h = createHistogram();
      return (n) => {
        for (let i = 0; i < n; i += 1) h.record((i & 1023) + 1);
      };
    },
  },
};
