import type { Key, Meta, Recorder, Scope } from '@ostinato/core';
import type { CommonLabelsLayer } from './common-labels.ts';
import type { FanoutLayer } from './fanout.ts';
import type { FilterLayer } from './filter.ts';
import type { PrefixLayer } from './prefix.ts';
import type { RedactLayer } from './redact.ts';
import type { RenameLayer } from './rename.ts';
import type { RouteLayer } from './route.ts';

/**
 * What stands between the facade and the series: plain frozen data, so that every thread can apply it. Made by
 * `prefix`, `filter`, `commonLabels`, `rename`, `redact`, `route` and `fanout`; given to `createRecorder({ layers })`.
 */
export type Layer =
  | PrefixLayer
  | FilterLayer
  | CommonLabelsLayer
  | RenameLayer
  | RedactLayer
  | RouteLayer
  | FanoutLayer;

export type SeriesLabels = Key['labels'];

/** What a layer is in front of, and is itself. */
export type LayeredRecorder = Recorder & Required<Pick<Recorder, 'observe'>>;

/** What a layer does to what passes it; it leaves alone what it has no function for. */
export interface Mapping {
  /** Whether the metric is recorded. */
  admits?(scope: Scope, name: string, meta: Meta): boolean;
  /** The metric's name behind this layer. */
  rename?(name: string): string;
  /** A series' labels behind this layer, no name twice, in any order; `name` is the metric's in front of it. */
  relabel?(name: string, labels: SeriesLabels): SeriesLabels;
}
