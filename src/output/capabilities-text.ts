import type { Capabilities } from '../domain/adapter.ts';
import { advised } from '../domain/advice.ts';
import { blocks } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export interface CapabilityRow {
  readonly verb: string;
  readonly level: 'native' | 'emulated' | 'none';
  readonly caveat?: string | undefined;
  readonly why?: string | undefined;
  readonly instead?: string | undefined;
  /** The backend could, the context forbids it. */
  readonly refused?: boolean | undefined;
}

export interface CapabilitiesView {
  readonly backend: string;
  readonly version: string;
  readonly where: string;
  readonly capabilities: readonly CapabilityRow[];
}

/** The rows of an adapter, in the order of its verbs. */
export const capabilityRows = (can: Capabilities): CapabilityRow[] =>
  Object.entries(can).map(([verb, capability]) => {
    if (capability.level === 'native') return { verb, level: capability.level };
    if (capability.level === 'emulated') return { verb, level: capability.level, caveat: capability.caveat };
    const { level, why, instead, refused } = capability;
    return {
      verb,
      level,
      why,
      ...(instead === undefined ? {} : { instead }),
      ...(refused === undefined ? {} : { refused }),
    };
  });

const sign = { native: 'yes', emulated: 'yes, but', none: 'no' } as const;
const signOf = ({ level, refused }: CapabilityRow): string => (refused ? 'forbidden' : sign[level]);
const noteOf = ({ caveat, why, instead }: CapabilityRow): string =>
  instead === undefined
    ? (caveat ?? why ?? '')
    : `${(caveat ?? why ?? '').replace(/[^.]$/, '$&.')} Instead: ${advised(instead)}`.trim();

export const capabilitiesText = view(
  ({ backend, version, where, capabilities }: CapabilitiesView, page: Page): string => {
    const width = Math.max(...capabilities.map(({ verb }) => verb.length));
    const look = { native: page.style.good, emulated: page.style.warn, none: page.style.bad };
    const rows = capabilities.map((row) => {
      const lead = `  ${row.verb.padEnd(width)}  ${signOf(row).padEnd(9)}  `;
      const text = hang(lead, noteOf(row), page.width);
      return text.replace(signOf(row).padEnd(9).trimEnd(), (found) => look[row.level](found));
    });
    return blocks(`${page.style.strong(backend)} ${version} ${page.style.dim(`at ${where}`)}`, rows.join('\n'));
  },
);
