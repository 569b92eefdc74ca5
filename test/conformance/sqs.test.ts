import { conformance } from '../../src/testkit/index.ts';
import { sqsBench } from './sqs-bench.ts';

conformance('sqs', sqsBench);
