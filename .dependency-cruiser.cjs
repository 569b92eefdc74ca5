// The parser does not know `using` yet; what it declares has no bearing on imports, so it is shown as a `const`.
const { Compiler } = require('@swc/core');
const { parseFileSync } = Compiler.prototype;
const withoutUsing = (node) => {
  if (node === null || typeof node !== 'object') return node;
  if (node.type === 'UsingDeclaration')
    Object.assign(node, { type: 'VariableDeclaration', kind: 'const', declare: false, declarations: node.decls });
  Object.values(node).forEach(withoutUsing);
  return node;
};
Compiler.prototype.parseFileSync = function (...given) {
  return withoutUsing(parseFileSync.apply(this, given));
};

// Who may know whom (docs: "Rooms" in the design). Each rule says why. Type-only imports count.
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** A room, or what is under it, may import itself, the rooms named, and packages. */
const room = (name, comment, knows, but) =>
  rule(
    `${name}-knows-${knows.join('-') || 'nothing'}`,
    comment,
    { path: `^src/${name}/`, ...(but && { pathNot: `^src/${but}/` }) },
    { path: '^src/', pathNot: `^src/(${[name.split('/')[0], ...knows].join('|')})/` },
  );

module.exports = {
  forbidden: [
    rule('no-circles', 'Two modules that need each other are one module, or hide a third.', {}, { circular: true }),
    rule(
      'domain-is-the-ground',
      'The words and rules stand on nothing, so that nothing can change their meaning.',
      { path: '^src/domain/' },
      { pathNot: '^src/domain/' },
    ),
    room(
      'commands',
      'A command parses, opens a session, calls one operation and prints; it knows no backend and no file format.',
      ['cli', 'operations', 'output', 'domain', 'top'],
      'commands/(run|backup|config|context|demo)',
    ),
    room('commands/(run|backup)', 'These are about what was saved, and read it where it lies.', [
      'cli',
      'operations',
      'output',
      'domain',
      'safety',
    ]),
    room('commands/(config|context)', 'These are about the configuration itself.', [
      'cli',
      'output',
      'domain',
      'config',
      'safety',
    ]),
    room('commands/demo', 'These start and stop the demo.', ['cli', 'output', 'domain', 'demo', 'safety']),
    room('operations', 'The use cases are the same for every backend and every way of showing them.', [
      'domain',
      'safety',
      'health',
    ]),
    room('safety', 'What must survive a crash depends on as little as possible.', ['domain']),
    room('health', 'Pure functions over stats: values in, findings out.', ['domain']),
    room('output', 'Pure functions: values in, text out.', ['domain']),
    room('config', 'The configuration describes contexts; it does not open them.', ['domain']),
    room('adapters', 'A backend knows the domain and itself.', ['domain']),
    room('top', 'The screen looks and asks; its writes go through the same operations as the commands.', [
      'operations',
      'output',
      'health',
      'domain',
    ]),
    room(
      'demo',
      'The demo brings a server and fills it as an application would: through the driver, never through our adapters.',
      ['domain', 'safety'],
    ),
    room('testkit', 'The conformance kit judges adapters that others wrote, by the domain alone.', ['domain']),
    rule(
      'cli-is-below-the-commands',
      'The composition root serves the commands; it does not know which there are.',
      { path: '^src/cli/' },
      { path: '^src/(commands|top|demo)/' },
    ),
    rule(
      'one-command-is-the-screen',
      'The screen is started by its own command.',
      { path: '^src/', pathNot: '^src/(top/|commands/top\\.ts$)' },
      { path: '^src/top/' },
    ),
    rule(
      'ink-is-the-screen',
      'Ink and React cost a fifth of a second: they are loaded when the screen is drawn, and by nothing else.',
      { path: '^src/', pathNot: '^src/top/.*\\.tsx$' },
      { path: '(node_modules/(ink|react)/)|(^src/top/.*\\.tsx$)', dynamic: false, dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'output-does-nothing',
      'Text is made here and written elsewhere.',
      { path: '^src/(output|health)/' },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(util|crypto)$' },
    ),
    rule(
      'adapters-are-strangers',
      'A fault or a change in one backend stays there. What two share belongs to the domain.',
      { path: '^src/adapters/([^/]+)/' },
      { path: '^src/adapters/', pathNot: '^src/adapters/($1|wrap)/' },
    ),
    rule(
      'backends-enter-through-the-session',
      'One place decides which backend is meant; everything else works with what it is given.',
      { path: '^src/', pathNot: '^src/(adapters/|cli/session\\.ts$)' },
      { path: '^src/adapters/' },
    ),
    rule(
      'registry-is-the-only-list',
      'Adapters are loaded by the registry, when a context needs one.',
      { path: '^src/cli/' },
      { path: '^src/adapters/', pathNot: '^src/adapters/(registry\\.ts$|wrap/)' },
    ),
    rule(
      'one-door-to-pg',
      'The driver is known to its adapter, and to the demo, which plays the application.',
      { path: '^src/', pathNot: '^src/(adapters/postgres|demo)/' },
      { path: 'node_modules/(pg|@types/pg|pg-[^/]+)/' },
    ),
    rule(
      'start-up-stays-light',
      'Each costs tens of milliseconds at every start: import() it in the function that needs it.',
      {
        path: '^src/(commands|cli|operations|output|domain|safety)/',
        pathNot: '^src/(output/schema(s|s-[a-z]+|-parts)|safety/plan-schema)\\.ts$',
      },
      {
        path: 'node_modules/(zod|yaml|ajv|ajv-formats|re2js|cli-progress|@clack/prompts|@marcbachmann/cel-js)/',
        dependencyTypesNot: ['type-only'],
        dynamic: false,
      },
    ),
    rule(
      'schemas-are-written-beforehand',
      'The JSON Schemas of the output are made by a script and checked by the tests; nothing needs them at run time.',
      { path: '^src/', pathNot: '^src/output/schema(s|s-[a-z]+|-parts)\\.ts$' },
      { path: '^src/output/schema(s|s-[a-z]+|-parts)\\.ts$' },
    ),
    rule(
      'only-what-is-shipped',
      "A user installs dependencies, not devDependencies. A peer is the user's own: the kit runs in their vitest.",
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    ),
    rule('everything-resolves', 'An import that leads nowhere.', { path: '^src/' }, { couldNotResolve: true }),
  ],
  options: {
    parser: 'swc', // the TypeScript 7 compiler has no programming interface that could be used here
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
