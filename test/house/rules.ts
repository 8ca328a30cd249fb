import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** The house rules that no compiler knows. Each broken rule is one line that says where, what, and what to do. */

interface Room {
  /** Beginning of the path of the files that the rule is for. */
  readonly files: string
  /** Beginnings of paths and names of packages that may be imported; "type:" allows types only. */
  readonly mayImport: readonly string[]
  /** What the line above would let in. */
  readonly butNot?: readonly string[]
  readonly instead: string
}

/** Imports point at the core, data moves away from the wire, nothing imports an entry point. First match counts. */
const ROOMS: readonly Room[] = [
  {
    files: 'lib/core/prefix.ts',
    mayImport: ['ipaddr.js', 'lib/core/escape.ts'],
    instead: 'prefix.ts is where addresses are read; it needs nothing else',
  },
  {
    files: 'lib/core/',
    mayImport: ['lib/core/'],
    instead: 'core is pure: take the value as an argument, and do the work in a loop or an adapter',
  },
  { files: 'lib/version.ts', mayImport: [], instead: 'it is one constant' },
  { files: 'lib/names.ts', mayImport: [], instead: 'names follow from the fence alone' },
  {
    files: 'lib/config.ts',
    mayImport: ['lib/settings/', 'lib/core/escape.ts', 'zod'],
    instead: 'settings are read once and handed on as values',
  },
  {
    files: 'lib/settings/',
    mayImport: ['lib/core/', 'lib/settings/', 'type:lib/config.ts', 'zod'],
    instead: 'settings are read once and handed on as values',
  },
  {
    files: 'lib/contract/',
    mayImport: ['lib/core/', 'lib/contract/', 'zod'],
    instead: 'a contract describes what core already names',
  },
  {
    files: 'lib/capture.ts',
    mayImport: ['lib/core/'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/journal.ts',
    mayImport: ['lib/core/'],
    instead: 'what happens is told in the words of the core',
  },
  {
    files: 'lib/analyze-alerts.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts'],
    instead: 'it tells what the loop has found',
  },
  {
    files: 'lib/analyze.ts',
    mayImport: ['lib/core/', 'lib/journal.ts', 'lib/analyze-alerts.ts'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/desired.ts',
    mayImport: ['lib/core/'],
    instead: 'what is desired is read from the ledger alone; firewalls come later',
  },
  {
    files: 'lib/reconcile-set.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts', 'lib/desired.ts', 'type:lib/reconcile.ts'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/trusted-peers.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts', 'lib/reconcile-set.ts'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/lockdown.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/tiers.ts',
    mayImport: [
      'lib/core/',
      'type:lib/journal.ts',
      'lib/desired.ts',
      'lib/reconcile.ts',
      'lib/reconcile-set.ts',
      'lib/trusted-peers.ts',
      'lib/lockdown.ts',
    ],
    instead: 'tiers are reconciled one after the other by the loops; what they are made of is passed in',
  },
  {
    files: 'lib/reconcile.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts', 'lib/desired.ts'],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/round-record.ts',
    mayImport: ['type:lib/reconcile.ts', 'type:lib/tiers.ts'],
    instead: 'what came of a round is a value; the round makes it',
  },
  {
    files: 'lib/figures.ts',
    mayImport: ['type:lib/round-record.ts'],
    instead: 'figures follow from what a round has found',
  },
  {
    files: 'lib/round.ts',
    mayImport: [
      'lib/core/',
      'type:lib/journal.ts',
      'type:lib/reconcile.ts',
      'lib/tiers.ts',
      'type:lib/round-record.ts',
      'lib/figures.ts',
    ],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/news.ts',
    mayImport: ['lib/core/', 'type:lib/journal.ts'],
    instead: 'declare a port, a type that the journal needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/incident-document.ts',
    mayImport: [
      'lib/core/',
      'type:lib/contract/',
      'type:lib/round-record.ts',
      'lib/version.ts',
      'lib/view/notice-text.ts',
      'lib/view/notice-words.ts',
    ],
    instead: 'a document says what core and a round have found',
  },
  {
    files: 'lib/incidents.ts',
    mayImport: [
      'lib/core/',
      'type:lib/contract/',
      'type:lib/journal.ts',
      'type:lib/round-record.ts',
      'lib/incident-document.ts',
      'lib/news.ts',
      'lib/view/notice-text.ts',
      'node:util',
    ],
    instead: 'declare a port, a type that the loop needs, and let an entry point pass the adapter in',
  },
  {
    files: 'lib/functions/telling.ts',
    mayImport: ['lib/functions/', 'lib/incidents.ts', 'type:lib/round-record.ts', 'ulid'],
    instead: 'what one function alone is wired with; the loop does the work',
  },
  {
    files: 'lib/functions/',
    mayImport: [
      'lib/core/',
      'lib/aws/',
      'lib/analyze.ts',
      'lib/journal.ts',
      'lib/config.ts',
      'lib/names.ts',
      'lib/functions/',
      'type:lib/figures.ts',
      'node:',
      '@aws-lambda-powertools/',
    ],
    instead: 'what both functions are wired with; the loops do the work',
  },
  {
    files: 'lib/host/',
    mayImport: [
      'lib/core/',
      'lib/host/',
      'node:',
      'prom-client',
      'type:lib/capture.ts',
      'type:lib/config.ts',
    ],
    instead: 'an adapter implements the port that a loop declares, and knows nothing of other adapters',
  },
  {
    files: 'lib/aws/',
    mayImport: [
      'lib/names.ts',
      'lib/core/',
      'lib/aws/',
      'node:',
      '@aws-sdk/',
      'type:lib/capture.ts',
      'type:lib/analyze.ts',
      'type:lib/desired.ts',
      'type:lib/reconcile.ts',
      'type:lib/reconcile-set.ts',
      'type:lib/trusted-peers.ts',
      'type:lib/lockdown.ts',
      'type:lib/tiers.ts',
      'type:lib/round.ts',
      'type:lib/round-record.ts',
      'type:lib/journal.ts',
      'type:lib/config.ts',
    ],
    instead: 'an adapter implements the port that a loop declares, and knows nothing of other adapters',
  },
  {
    files: 'lib/local/',
    mayImport: [
      'lib/core/',
      'lib/local/',
      'lib/capture.ts',
      'lib/analyze.ts',
      'lib/journal.ts',
      'lib/desired.ts',
      'lib/reconcile.ts',
      'lib/reconcile-set.ts',
      'lib/trusted-peers.ts',
      'lib/lockdown.ts',
      'lib/tiers.ts',
      'lib/config.ts',
      'lib/version.ts',
      'type:lib/contract/',
      'ulid',
    ],
    instead: 'the embedded fence runs the loops over adapters of its own, without I/O',
  },
  {
    files: 'lib/view/',
    mayImport: [
      'lib/names.ts',
      'lib/core/',
      'type:lib/journal.ts',
      'lib/view/',
      'type:lib/contract/',
      'type:lib/local/',
      'type:lib/analyze.ts',
    ],
    instead: 'a view turns values into lines; whoever calls it reads and writes',
  },
  {
    files: 'lib/commands/',
    mayImport: ['lib/', 'node:', 'commander'],
    instead: 'commands wire loops to adapters; what more they need belongs below them',
  },
  {
    files: 'lib/infra/',
    mayImport: [
      'lib/names.ts',
      'lib/figures.ts',
      'lib/infra/',
      'lib/config.ts',
      'lib/settings/',
      'node:',
      'aws-cdk-lib/',
      'constructs',
      'esbuild',
    ],
    instead:
      'infra says what there is on AWS; what runs there is a file of lambda/, which it bundles by its path',
  },
  {
    files: 'bin/app.ts',
    mayImport: ['lib/infra/', 'lib/config.ts', 'aws-cdk-lib/'],
    instead: 'the CDK app only adds the stacks',
  },
  { files: 'bin/', mayImport: ['lib/commands/'], instead: 'an entry point only starts a command' },
  {
    files: 'packaging/',
    mayImport: ['packaging/', 'lib/version.ts', 'node:', 'esbuild'],
    instead: 'packaging bundles the sources by their paths',
  },
  {
    files: 'lambda/',
    mayImport: ['lib/', 'node:', '@aws-sdk/', '@aws-lambda-powertools/', 'type:aws-lambda', 'ulid'],
    butNot: ['lib/infra/', 'lib/commands/', 'lib/host/', 'lib/local/', 'lib/view/'],
    instead: 'a function runs one loop over adapters of AWS, and its bundle holds nothing of a host',
  },
]

/** Nothing imports these, but for the files named with them. CDK is not on a PBX's disk, so infra is one of them. */
const ENTRY_POINTS = [
  { files: 'bin/', by: [] },
  { files: 'lambda/', by: [] },
  { files: 'lib/commands/', by: ['bin/', 'lib/commands/'] },
  { files: 'lib/infra/', by: ['bin/app.ts', 'lib/infra/'] },
] as const

/** What makes a core that is not pure. */
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|process\.|console\.|setTimeout|setInterval|fetch\(|Buffer\.|crypto\.)/

const BANNED_NAMES = /(^|-)(manager|helper|util|utils|service|engine|data|info|common|misc)(-|\.|$)/

const LONGEST_FILE = 300

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/gm

/** Every broken rule below the folder, one line each; nothing where the house is in order. */
export function brokenRules(root: string): string[] {
  const files = ['bin', 'lambda', 'lib', 'packaging'].flatMap((folder) => filesBelow(root, folder))
  return files.flatMap((file) => [
    ...brokenImports(file, readFileSync(join(root, file), 'utf8')),
    ...brokenShape(file, readFileSync(join(root, file), 'utf8')),
  ])
}

function brokenImports(file: string, text: string): string[] {
  const room = ROOMS.find(({ files }) => file.startsWith(files))
  if (room === undefined)
    return [`${file}: stands in no room of the house; say in test/house/rules.ts what it may import`]
  const broken: string[] = []
  for (const { target, isType } of importsOf(file, text)) {
    const named = room.mayImport.some((entry) =>
      entry.startsWith('type:') ? isType && target.startsWith(entry.slice(5)) : target.startsWith(entry),
    )
    const allowed = named && !room.butNot?.some((entry) => target.startsWith(entry))
    if (!allowed) broken.push(`${file}: must not import ${target}${isType ? ' (type)' : ''}; ${room.instead}`)
    const entry = ENTRY_POINTS.find(
      ({ files, by }) => target.startsWith(files) && !by.some((who) => file.startsWith(who)),
    )
    if (entry !== undefined) broken.push(`${file}: must not import ${target}; nothing imports an entry point`)
  }
  return broken
}

function brokenShape(file: string, text: string): string[] {
  const broken: string[] = []
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const impure = file.startsWith('lib/core/') ? IMPURE.exec(code) : null
  if (impure !== null)
    broken.push(`${file}: must not use ${impure[0]}; time and chance are arguments of the core`)
  const name = BANNED_NAMES.exec(file.split('/').at(-1)!)
  if (name !== null) broken.push(`${file}: is named "${name[2]}"; name it after the one thing it does`)
  const lines = text.split('\n').length
  if (lines > LONGEST_FILE)
    broken.push(`${file}: has ${lines} lines (limit ${LONGEST_FILE}); does it still hold one idea?`)
  return broken
}

function importsOf(file: string, text: string): { target: string; isType: boolean }[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[3]!
    const isType = match[1] !== undefined
    const target = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier
    return { target, isType }
  })
}

function filesBelow(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
