import { createHistogram } from 'node:perf_hooks';

const shared = () => new SharedArrayBuffer(1024);

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
  'floor: typed-array add, 64 slots': {
    make: () => {
      const slots = new Float64Array(shared());
      return (n) => {
        for (let i = 0; i < n; i += 1) slots[i & 63] += 1;
      };
    },
  },
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
