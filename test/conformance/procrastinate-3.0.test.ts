import { conformance } from '../../src/testkit/index.ts';
import { postgresBench } from './postgres-bench.ts';

// In a schema that is not in the search path and whose name must be quoted.
conformance('procrastinate 3.0', () => postgresBench('3.0', 'Back office'));
