import fc from 'fast-check';
import {
  type Installation,
  type Observation,
  observeCounter,
  observeGauge,
  setGlobalRecorder,
  withLocalRecorder,
} from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { ObservingRecorder } from './support/observing-recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();
const state = sharedState();

type Step =
  | { do: 'observe'; series: number; local: number | undefined }
  | { do: 'stop'; which: number }
  | { do: 'install'; recorder: number }
  | { do: 'uninstall' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('observe' as const),
    series: fc.nat(3),
    local: fc.option(fc.nat(1), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('stop' as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant('install' as const), recorder: fc.nat(1) }),
  fc.record({ do: fc.constant('uninstall' as const) }),
);

interface Made {
  readonly observation: Observation;
  readonly value: number;
  /** The local recorder it belongs to. */
  readonly local: number | undefined;
  stopped: boolean;
}

/** Recorders 0 and 1 are installed in turn, and are local ones too. */
it('whatever is observed, stopped, installed and uninstalled, each recorder reads exactly what belongs to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const recorders = [new ObservingRecorder(), new ObservingRecorder()];
      const made: Made[] = [];
      let installation: Installation | undefined;
      let installed: number | undefined;
      const observe = (series: number, value: number) =>
        series < 2
          ? observeGauge('model', { series }, () => value)
          : observeCounter('model.total', { series }, () => value);
      try {
        for (const [value, one] of steps.entries()) {
          if (one.do === 'observe') {
            const { series, local } = one;
            const make = () => observe(series, value);
            const observation = local === undefined ? make() : withLocalRecorder(recorders[local]!, make);
            made.push({ observation, value, local, stopped: false });
          } else if (one.do === 'stop') {
            const chosen = made[one.which];
            chosen?.observation.stop();
            if (chosen !== undefined) chosen.stopped = true;
          } else if (one.do === 'install' && installed === undefined) {
            installation = setGlobalRecorder(recorders[one.recorder]!);
            installed = one.recorder;
          } else if (one.do === 'uninstall') {
            installation?.uninstall();
            installed = undefined;
          }
          for (const [i, recorder] of recorders.entries()) {
            const expected = made.filter(
              ({ stopped, local }) => !stopped && (local === i || (local === undefined && installed === i)),
            );
            const values = recorder.look().map(([, read]) => read as number);
            expect(values.sort((a, b) => a - b)).toEqual(expected.map((each) => each.value));
          }
        }
      } finally {
        installation?.uninstall();
        for (const { observation } of made) observation.stop();
      }
      expect([state.observed.size, state.observedCount]).toEqual([0, 0]);
      for (const recorder of recorders) expect(recorder.look()).toEqual([]);
    }),
  );
});
