import { Argument, type Command } from 'commander'
import type { Mode } from '../reconcile.ts'
import { modeSetText } from '../view/mode-text.ts'
import { type Deployed, lateRoundText, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { operator } from './operator.ts'
import { print, terminalWidth } from './terminal.ts'
import { wakeOrTell } from './wake.ts'

export function addMode(program: Command): void {
  deployedCommand(program, 'mode', 'observe: decide and tell only; enforce: change firewalls too')
    .addArgument(new Argument('<mode>', 'whatever the settings say').choices(['observe', 'enforce']))
    .action((mode: Mode, options: DeployedOptions) =>
      withDeployed(options, (deployed) => setMode(deployed, mode)),
    )
}

export function addOff(program: Command): void {
  deployedCommand(program, 'off', 'give up everything it holds, and decide nothing').action(
    (options: DeployedOptions) => withDeployed(options, (deployed) => setMode(deployed, 'off')),
  )
}

/** The ledger keeps it; the next round, which is asked for at once, goes by it. */
async function setMode(deployed: Deployed, mode: Mode): Promise<void> {
  const { fence, state, clock, trusted } = deployed
  const { inForce: before } = await modeInForce(deployed)
  await state.setMode({ mode, at: clock(), by: operator() })
  await wakeOrTell(deployed, 'the mode is set')
  const change = { fence: fence.id, mode, before, settings: fence.mode, hasDoor: trusted !== undefined }
  print([...modeSetText(change, terminalWidth()), ...(await lateRoundText(deployed))])
}
