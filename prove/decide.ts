/** Topic `decide`: on time, confirmed from elsewhere, and never our own fault. */
import { CUT_ROWS } from './decide/rows-cut.ts';
import { DETECTION_ROWS } from './decide/rows-detection.ts';
import { FLEET_ROWS } from './decide/rows-fleet.ts';
import { LIES_ROWS } from './decide/rows-lies.ts';
import { MASS_ROWS } from './decide/rows-mass.ts';
import { WHEEL_ROWS } from './decide/rows-wheel.ts';
import { inFolder, measureRows } from './rows.ts';
import type { Topic } from './topic.ts';

const ROWS = [...DETECTION_ROWS, ...CUT_ROWS, ...FLEET_ROWS, ...WHEEL_ROWS, ...MASS_ROWS, ...LIES_ROWS];

export const decide: Topic = {
  name: 'decide',
  title: 'Scheduling and deciding: on time, confirmed, and never our own fault',
  run: (context) => inFolder((folder) => measureRows(ROWS, { ...context, folder })),
};
