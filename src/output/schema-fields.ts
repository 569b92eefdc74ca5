/** One field of a payload, as its JSON Schema tells it. */
export interface SchemaField {
  /** `user.address`, `items[].id`. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly note: string;
}

type Schema = Readonly<Record<string, unknown>>;

/** The fields in the order written, those within others under their path. What no table can show is left to the schema. */
export function schemaFields(schema: Schema): SchemaField[] {
  const fields: SchemaField[] = [];
  // a schema may point to itself: what stands above is not gone into again
  const walk = (given: Schema, path: string, above: readonly unknown[]): void => {
    const here = resolved(given, schema);
    const required = new Set(Array.isArray(here['required']) ? here['required'] : []);
    const into = (value: unknown, at: string): void => {
      const { $ref } = asSchema(value);
      if (!above.includes($ref)) walk(asSchema(value), at, $ref === undefined ? above : [...above, $ref]);
    };
    for (const [name, value] of Object.entries(asSchema(here['properties']))) {
      const field = resolved(asSchema(value), schema);
      const at = path === '' ? name : `${path}.${name}`;
      fields.push({ path: at, type: typeOf(field), required: required.has(name), note: noteOf(field) });
      into(value, at);
    }
    if (here['items'] !== undefined && path !== '') into(here['items'], `${path}[]`);
  };
  walk(schema, '', ['#']);
  return fields;
}

const asSchema = (value: unknown): Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {};

/** Follows a reference within the same schema. */
function resolved(schema: Schema, root: Schema): Schema {
  const { $ref } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return schema;
  const steps = $ref.split('/').slice(1);
  const found = steps.reduce<Schema>((place, step) => asSchema(place[step.replaceAll('~1', '/')]), root);
  return { ...found, ...schema };
}

function typeOf({ type, enum: choices, const: only, format, items, anyOf, oneOf }: Schema): string {
  if (only !== undefined) return JSON.stringify(only);
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join(' or ');
  if (type === 'array') return `list of ${typeOf(asSchema(items))}`;
  if (Array.isArray(type)) return type.join(' or ');
  const name = typeof type === 'string' ? type : 'any';
  const either = [anyOf, oneOf].find(Array.isArray) as Schema[] | undefined;
  if (name === 'any' && either !== undefined) return either.map(typeOf).join(' or ');
  return typeof format === 'string' ? `${name} (${format})` : name;
}

const bounds = {
  minimum: 'at least',
  exclusiveMinimum: 'more than',
  maximum: 'at most',
  exclusiveMaximum: 'less than',
  minLength: 'characters, at least',
  maxLength: 'characters, at most',
  minItems: 'entries, at least',
  maxItems: 'entries, at most',
  pattern: 'matches',
} as const;

function noteOf(schema: Schema): string {
  const { description, title } = schema;
  const text = typeof description === 'string' ? description : typeof title === 'string' ? title : '';
  const limits = Object.entries(bounds).flatMap(([key, words]) =>
    schema[key] === undefined ? [] : [`${words} ${String(schema[key])}`],
  );
  return [text, limits.join(', ')].filter((part) => part !== '').join('; ');
}
