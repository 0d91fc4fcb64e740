#!/usr/bin/env node
// Not built: `npm ci` in a clone, which comes before the build, links only what is there.
import '../dist/cli/bin.js';
