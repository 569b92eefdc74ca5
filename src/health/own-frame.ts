/** Code that is not the application's: packages, the language's own library, what a runtime adds. */
const foreign =
  /node_modules|^node:|\bnode:internal\b|^internal\/|<anonymous>$|^native$|site-packages|dist-packages|\/lib\/python\d|^<(?:frozen|string)|\/gems\/|\/lib\/ruby\/|^<internal:|\/go\/pkg\/mod\/|\/vendor\/|\/go\/src\/|\/usr\/lib\/go|\/usr\/local\/go\//;
const foreignJava =
  /^(?:java|javax|jdk|sun|com\.sun|jakarta|kotlin|kotlinx|scala|groovy|org\.(?:springframework|hibernate|apache|postgresql|jobrunr|quartz|eclipse|junit)|io\.(?:netty|micronaut|quarkus)|com\.(?:zaxxer|fasterxml|google|amazonaws))\./;

interface Frame {
  readonly call: string;
  readonly file: string;
}

type Format = (lines: readonly string[]) => Frame[];

/** Enough for any trace; a runaway recursion can write many thousand. */
const maxLines = 400;

/**
 * The frame of the application's own code that is nearest to the failure: `send (mailer.ts)`. Without line numbers and
 * folders, which differ between releases and machines. Undefined when every frame is somebody else's.
 */
export function ownFrame(stack: string): string | undefined {
  const all = stack.split('\n');
  // Python's nearest frame is its last, the others' their first.
  const lines = all.length <= maxLines ? all : [...all.slice(0, maxLines / 2), ...all.slice(-maxLines / 2)];
  for (const format of [python, java, go, ruby, javascript]) {
    const frames = format(lines);
    const own = frames.find(({ file, call }) => (format === java ? !foreignJava.test(call) : !foreign.test(file)));
    if (own !== undefined) return own.call === '' ? fileName(own.file) : `${own.call} (${fileName(own.file)})`;
    if (frames.length > 0) return undefined;
  }
  return undefined;
}

const collect = (lines: readonly string[], pattern: RegExp, read: (found: RegExpExecArray) => Frame): Frame[] =>
  lines.flatMap((line) => {
    const found = pattern.exec(line);
    return found === null ? [] : [read(found)];
  });

/** `  File "/srv/app/mail.py", line 12, in send`, the nearest last. With a chain of causes, the last one is what was raised. */
const python: Format = (lines) =>
  collect(lines, /^\s*File "([^"]+)", line \d+(?:, in (.+?))?\s*$/, ([, file = '', call = '']) => ({
    file,
    call: lastWord(call),
  })).reverse();

/** `    at com.shop.mail.Mailer.send(Mailer.java:31)`. */
const java: Format = (lines) =>
  collect(
    lines,
    /^\s*at (?:[\w.@-]+\/)?([\w$.]+\.[\w$<>]+)\(([\w$-]+\.(?:java|kt|scala|groovy)):?\d*\)/,
    ([, call = '', file = '']) => ({
      call: call.replace(/\$\$?(?:Lambda|EnhancerBySpring|FastClass)[\w$./]*|\$\d+/g, ''),
      file,
    }),
  );

/** A line with the function, then a line with a tab, the file and an offset. */
const go: Format = (lines) =>
  lines.flatMap((line, index) => {
    const [, file] = /^\s+(\/\S+\.go):\d+(?: \+0x[0-9a-f]+)?\s*$/.exec(line) ?? [];
    if (file === undefined) return [];
    const call = (lines[index - 1] ?? '')
      .trim()
      .replace(/^created by /, '')
      .replace(/ in goroutine \d+$/, '')
      .replace(/\([^()]*\)$/, '');
    return [
      {
        file,
        call:
          call
            .split('/')
            .at(-1)
            ?.replace(/\.func\d+(?:\.\d+)*$/, '') ?? '',
      },
    ];
  });

/** `app/jobs/mail_job.rb:14:in 'MailJob#perform'`, with a backtick before Ruby 3.4. */
const ruby: Format = (lines) =>
  collect(
    lines,
    /^\s*(?:from |\d+: from )?([^\s:]+\.rb|<internal:[^>]+>):\d+:in [`'](.+?)'/,
    ([, file = '', call = '']) => ({
      file,
      call: lastWord(call.replace(/^(?:block(?: \(\d+ levels\))?|rescue|ensure) in /, '')),
    }),
  );

/** `    at Mailer.send (file:///srv/app/dist/mailer.js:10:5)`, or only the place. */
const javascript: Format = (lines) =>
  collect(
    lines,
    /^\s*at (?:(?:async )?(?:new )?(.*?) \()?(?:async )?(?:file:\/\/)?([^()]+?)(?::\d+){0,2}\)?\s*$/,
    ([, call = '', file = '']) => ({
      file,
      call: lastWord(call.replace(/ \[as [^\]]+\]$/, '')),
    }),
  );

/** What stands before it (the class, the receiver) differs between versions of one runtime. */
const lastWord = (call: string): string => {
  const word = call.split(/[.#]/).at(-1) ?? '';
  return /^<.*>$/.test(word) ? '' : word;
};

const common = /^(?:index|main|__init__|__main__|mod|app|server|worker|handler)\./;

/** The name of the file without what a bundler adds; with its folder where the name alone says nothing. */
function fileName(path: string): string {
  const parts = path.replaceAll('\\', '/').split('/').filter(Boolean);
  const name = (parts.at(-1) ?? '')
    .replace(/[.-](?=[0-9a-zA-Z_]*\d)[0-9a-zA-Z_]{6,}(?=\.[cm]?js$)/, '')
    .replace(/\?.*$/, '');
  const folder = parts.at(-2);
  return common.test(name) && folder !== undefined && !/\d/.test(folder) ? `${folder}/${name}` : name;
}
