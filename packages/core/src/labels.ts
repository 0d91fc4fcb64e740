/** A label value as it is given; `undefined` and `''` mean that the label is absent. */
export type LabelValue = string | number | boolean | undefined;

/**
 * Labels of one series, by name. `description` and `help` are refused: they belong in `defineCounter` and its
 * like. Use a `type` rather than an `interface` for an object kept in a variable, or spread it.
 */
export type Labels = { readonly [name: string]: LabelValue } & {
  readonly description?: never;
  readonly help?: never;
};

declare const labelName: unique symbol;

/** Exists in types only: makes editors show the name of a position in `family.labels(…)`. */
export interface Label<N extends string> {
  readonly [labelName]: N;
}

/** One value per label name, in order. */
export type Values<L extends readonly string[]> = { [I in keyof L]: LabelValue | Label<L[I]> };

/** One value per label name, by name. */
export type Named<L extends readonly string[]> = { readonly [K in L[number]]: LabelValue };
