/** Writes schemas/*.json, the JSON Schemas of what `--json` prints. A test compares them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemaOf, type OutputName, outputSchemas } from '../src/output/schemas.ts';

const folder = new URL('../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const name of Object.keys(outputSchemas) as OutputName[])
  writeFileSync(new URL(`${name}.json`, folder), jsonSchemaOf(name));
