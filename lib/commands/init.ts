import type { Command } from 'commander'
import { DEFAULTS } from '../config.ts'
import { type FenceProposal, proposeFence } from '../core/fence-proposal.ts'
import type { Surroundings } from '../core/surroundings.ts'
import { thisInstance } from '../host/instance-id.ts'
import { initText } from '../view/init-text.ts'
import { printDocument } from './deployed-options.ts'
import { optionReader, READERS } from './init-answers.ts'
import { documentOf } from './init-document.ts'
import { type FileOptions, settingsFile } from './init-file.ts'
import { type CostLines, type WriteOptions, writeSettings } from './init-write.ts'
import { prefixOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface InitOptions extends WriteOptions, FileOptions {
  readonly region?: string
  readonly json?: boolean
}

export function addInit(program: Command, costs: CostLines = () => []): void {
  program
    .command('init')
    .description('looks at an instance on EC2 and at what it stands in, and writes settings for it')
    .argument('[instance]', 'its id, i-…; without one, the instance that this runs on')
    .option(
      '--region <region>',
      'where it is (default: AWS_REGION, the profile’s, or this instance’s)',
      optionReader('--region', READERS.region),
    )
    .option('--out <file>', 'where the settings go', 'sipfence.json')
    .option('--add', 'put the fence beside those that are in the file')
    .option('--force', 'replace the file')
    .option('--yes', 'ask nothing: take the proposals, and say what was left open')
    .option('--id <id>', 'name of the fence', optionReader('--id', READERS.id))
    .option(
      '--ports <list>',
      'UDP and TCP ports of SIP, such as 5060,5080',
      optionReader('--ports', READERS.ports),
    )
    .option('--allow <cidr>', 'never block this address or prefix (repeat for several)', prefixOption)
    .option('--email <address>', 'who gets notices (repeat for several)', emailOption)
    .option(
      '--lockdown <groups>',
      'security groups that a lockdown may close, such as sg-0a1b2c3d',
      optionReader('--lockdown', READERS.lockdownGroups),
    )
    .option(
      '--role <name>',
      'the instance’s IAM role, where it cannot be read',
      optionReader('--role', READERS.role),
    )
    .option('--enforce', 'write mode enforce; refused where blocks would be void')
    .option('--json', 'print what was found (sipfence.init/1), ask nothing and write nothing')
    .addHelpText(
      'after',
      '\nNeeds AWS credentials that may read; docs/init.md names every action. It changes nothing on AWS.',
    )
    .action((instance: string | undefined, options: InitOptions) => init(instance, options, costs))
}

function emailOption(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...optionReader('--email', READERS.emails)(value)]
}

async function init(named: string | undefined, options: InitOptions, costs: CostLines): Promise<void> {
  checkOptions(options)
  const file = options.json === true ? null : await settingsFile(options)
  const { look } = await import('./init-look.ts')
  const surroundings = await look(await instanceFrom(named), options.region)
  refuseOtherRole(options.role, surroundings)
  const propose = (ports: readonly number[] | undefined) => proposalFor(surroundings, ports)
  const document = documentOf(surroundings, propose(options.ports), Date.now())
  printDocument(document, options.json, initText)
  if (file !== null) await writeSettings({ file, surroundings, propose, costs }, options)
}

function refuseOtherRole(named: string | undefined, { instance, role }: Surroundings): void {
  if (named === undefined || role.kind !== 'found' || role.value === null || role.value === named) return
  throw new UsageError(
    `Cannot use --role ${named}: ${instance.id} has the role ${role.value}; leave the option out, or give the instance the other role first`,
  )
}

function checkOptions({ json, enforce, add, force, yes }: InitOptions): void {
  if (json !== true) return
  const [wrong] = Object.entries({ enforce, add, force, yes }).filter(([, given]) => given === true)
  if (wrong !== undefined)
    throw new UsageError(
      `Cannot use --${wrong[0]} with --json: that only shows what is there, and writes nothing`,
    )
}

/** @param ports those that people have named */
function proposalFor(surroundings: Surroundings, ports: readonly number[] | undefined): FenceProposal {
  return proposeFence(surroundings, {
    ports,
    usualPorts: DEFAULTS.ports,
    usualWindow: DEFAULTS.window,
    usualEntries: DEFAULTS.trustedPeers.maxEntries,
  })
}

async function instanceFrom(named: string | undefined): Promise<string> {
  if (named === undefined) {
    const here = await thisInstance().catch((error: unknown) => {
      const words =
        'Cannot tell which instance is meant: name it, as in sipfence init i-0123456789abcdef0, or run this on it'
      throw new UsageError(words, { cause: error })
    })
    return here.id
  }
  if (/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(named)) return named
  throw new UsageError(`Cannot look at "${named}"; it should be an instance id such as i-0123456789abcdef0`)
}
