import type { Command } from 'commander'
import type { FenceConfig } from '../config.ts'
import type { Deployed } from './deployed.ts'
import { readSettings } from './options.ts'
import { print, printJson, terminalWidth } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** Which fence a command is for. */
export interface DeployedOptions {
  readonly config: string
  readonly fence?: string
}

/** A command on a fence that is deployed on AWS, with the options that say which one it is. */
export function deployedCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpGroup('On a deployed fence:')
    .option('--config <file>', 'settings of the fence', 'sipfence.json')
    .option('--fence <id>', 'which fence, where the settings have several')
    .addHelpText(
      'after',
      '\nNeeds AWS credentials as the AWS CLI does (AWS_PROFILE, …) that may read the stack SipFence-<id> and use its parts.',
    )
}

/** Opens the fence for a piece of work. Whatever AWS refuses is thrown in words that name the fence and the next step. */
export async function withDeployed(
  options: DeployedOptions,
  work: (deployed: Deployed) => Promise<void>,
): Promise<void> {
  const fence = await chosenFence(options)
  // Loaded here, because the AWS SDK is slow to load and the other commands need none of it.
  const { inWords, openDeployed } = await import('./open-deployed.ts')
  try {
    await work(await openDeployed(fence))
  } catch (error) {
    throw inWords(error, fence)
  }
}

/** Prints a document, or the lines that a view makes of it. What a terminal would act on is escaped in both. */
export function printDocument<D>(
  document: D,
  json: boolean | undefined,
  view: (document: D, width: number) => readonly string[],
): void {
  if (json === true) printJson(document, 2)
  else print(view(document, terminalWidth()))
}

async function chosenFence({ config, fence: wanted }: DeployedOptions): Promise<FenceConfig> {
  const { fences } = await readSettings(config)
  const names = fences.map(({ id }) => id).join(', ')
  if (wanted === undefined) {
    if (fences.length === 1) return fences[0]!
    throw new UsageError(
      `Cannot tell which fence of "${config}" is meant: it has ${fences.length} (${names}); name it with --fence`,
    )
  }
  const found = fences.find(({ id }) => id === wanted)
  if (found !== undefined) return found
  throw new UsageError(`Cannot find fence "${wanted}" in "${config}"; it has ${names}`)
}
