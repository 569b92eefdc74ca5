import { conformance } from '../../src/testkit/index.ts';
import { postgresBench } from './postgres-bench.ts';

conformance('procrastinate 2.15', () => postgresBench('2.15'));
