import { Argument, type Command } from 'commander'
import { tellError } from '../aws/aws-errors.ts'
import { OPEN } from '../core/lockdown-wish.ts'
import type { Mode } from '../reconcile.ts'
import { type ModeChange, modeSetText } from '../view/mode-text.ts'
import { type Deployed, lateRoundText, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { closedByHand, doorIn } from './door.ts'
import { type ClosingDocument, refusalsOf, rehearseClosing } from './lockdown-document.ts'
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
  deployedCommand(program, 'off', 'give up everything it holds, open the door, and decide nothing').action(
    (options: DeployedOptions) => withDeployed(options, (deployed) => setMode(deployed, 'off')),
  )
}

/** The ledger keeps it; the next round, which is asked for at once, goes by it. */
async function setMode(deployed: Deployed, mode: Mode): Promise<void> {
  const { fence, state, clock } = deployed
  const { inForce: before } = await modeInForce(deployed)
  await state.setMode({ mode, at: clock(), by: operator() })
  const dropped = mode === 'off' && (await dropClosing(deployed))
  await wakeOrTell(deployed, 'the mode is set')
  const door = await doorAfter(deployed, mode, dropped)
  const change = { fence: fence.id, mode, before, settings: fence.mode, door }
  const width = terminalWidth()
  print([...(await lateRoundText(deployed, width)), ...modeSetText(change, width)])
}

/** Who sets a fence off opens its door; it must not close by itself when somebody sets a mode again. */
async function dropClosing({ state, clock }: Deployed): Promise<boolean> {
  const wish = await state.lockdown()
  if (wish?.closed == null) return false
  await state.setLockdown({ ...wish, closed: null, at: clock(), by: operator() })
  return clock() < wish.closed.until
}

/** What becomes of the door, for people; null where the fence has none. */
async function doorAfter(deployed: Deployed, mode: Mode, dropped: boolean): Promise<ModeChange['door']> {
  const { trusted, ledger, state, clock } = deployed
  if (trusted === undefined) return null
  const isClosed = (await ledger.swaps()).length > 0
  const door = await doorIn(deployed, mode, clock())
  const byHand = closedByHand((await state.lockdown()) ?? OPEN, clock())
  const now = { ...door, byHand, isClosed, dropped }
  if (!door.closed || isClosed) return { ...now, refused: [] }
  const refused = refusalsOf(await rehearseClosing(deployed, trusted, door).catch(untold))
  return { ...now, refused }
}

/** The mode is set already, so what cannot be read of the door is no failure. */
function untold(error: unknown): Pick<ClosingDocument, 'closing'> {
  const problem = `it cannot be told: ${tellError(error)}; see sipfence lockdown`
  return { closing: { rules: [], refused: [], tracked: false, problem } }
}
