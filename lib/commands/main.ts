import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { VERSION } from '../version.ts'
import { costLines } from '../view/cost-text.ts'
import { addApply } from './apply.ts'
import { addApprove } from './approve.ts'
import { addBlocks } from './blocks.ts'
import { addCost } from './cost.ts'
import { addDemo } from './demo.ts'
import { addInit } from './init.ts'
import { addLockdown } from './lockdown.ts'
import { addMode, addOff } from './mode.ts'
import { addPreview } from './preview.ts'
import { addRelease } from './release.ts'
import { addReplay } from './replay.ts'
import { addSidecar } from './sidecar.ts'
import type { End } from './sidecar-end.ts'
import { addStatus } from './status.ts'
import { tellLines, tellPeople } from './terminal.ts'
import { UsageError } from './usage-error.ts'
import { addWhy } from './why.ts'

const NEVER: End = { asked: new AbortController().signal, pressed: new AbortController().signal }

const COMMANDS = (end: End) => [
  addDemo,
  addReplay,
  addCost,
  (program: Command) => addSidecar(program, end),
  (program: Command) => addInit(program, costLines),
  addStatus,
  addBlocks,
  addWhy,
  addPreview,
  addApply,
  addApprove,
  addMode,
  addOff,
  addLockdown,
  addRelease,
]

/**
 * Runs one command. Returns the exit code: 0 done, 1 failed, 2 wrong usage. Errors go to standard error.
 * @param end how a sidecar is asked to end, where somebody hears signals for it
 */
export async function main(argv: readonly string[], end = NEVER): Promise<number> {
  const program = new Command('sipfence')
    .description('Blocks SIP abuse and reflection upstream of the PBX, and explains every block.')
    .version(VERSION)
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => tellLines(text) })
  for (const add of COMMANDS(end)) add(program)
  for (const command of program.commands) command.exitOverride()
  endQuietlyOnClosedPipe()
  try {
    await program.parseAsync(argv)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    tellLines(`sipfence: ${error instanceof Error ? error.message : String(error)}`)
    return error instanceof UsageError || error instanceof ConfigError ? 2 : 1
  }
}

/** `sipfence … | head` closes the pipe early; that is no failure of ours. */
function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    tellPeople(`Cannot write the output: ${error.message}`)
    process.exit(1)
  })
}
