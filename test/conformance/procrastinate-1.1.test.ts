import { conformance } from '../../src/testkit/index.ts';
import { postgresBench } from './postgres-bench.ts';

conformance('procrastinate 1.1', () => postgresBench('1.1'));
