import { OptionCheck } from '@ostinato/core';

export const check = new OptionCheck('OtlpMetricExporter');
