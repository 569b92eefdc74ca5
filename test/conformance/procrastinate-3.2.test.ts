import { conformance } from '../../src/testkit/index.ts';
import { postgresBench } from './postgres-bench.ts';

conformance('procrastinate 3.2', () => postgresBench('3.2'));
