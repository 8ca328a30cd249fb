import type { Command } from 'commander'
import { tellError } from '../aws/aws-errors.ts'
import { approvedText } from '../view/mode-text.ts'
import { type Deployed, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { doorIn, rehearseDoor } from './door.ts'
import { operator } from './operator.ts'
import { rehearse } from './rehearsal.ts'
import { print, terminalWidth } from './terminal.ts'

interface ApproveOptions extends DeployedOptions {
  readonly anyway?: boolean
}

/** Long enough for a round or two, and no standing exception. */
const APPROVAL_MS = 300_000

export function addApprove(program: Command): void {
  deployedCommand(program, 'approve', 'let pass, for five minutes, what the brake stops')
    .option('--anyway', 'though nothing is stopped now: whatever may come within them')
    .action((options: ApproveOptions) =>
      withDeployed(options, async (deployed) => {
        const { fence, state, clock, wake } = deployed
        const stopped = await stoppedIn(deployed)
        if (stopped.length === 0 && options.anyway !== true) {
          throw new Error(
            `Cannot approve anything for fence "${fence.id}": nothing is stopped now; with --anyway whatever comes within five minutes passes`,
          )
        }
        const at = clock()
        const until = at + APPROVAL_MS
        await state.approve({ until, at, by: operator() })
        await wake()
        print(approvedText(fence.id, until, stopped, terminalWidth()))
      }),
    )
}

/** What the next round would not do, one line for each place. What cannot be read keeps nobody from approving. */
async function stoppedIn(deployed: Deployed): Promise<readonly string[]> {
  try {
    const now = deployed.clock()
    const { inForce } = await modeInForce(deployed)
    const { networkAcls, sets } = await rehearse(deployed, inForce, now)
    const braked = [...networkAcls, ...sets].flatMap(({ id, round }) =>
      round?.braked === undefined ? [] : [`${id}: ${round.braked}`],
    )
    return [...braked, ...(inForce === 'off' ? [] : await withheldIn(deployed, now))]
  } catch (error) {
    return [`what is stopped cannot be told: ${tellError(error)}`]
  }
}

async function withheldIn(deployed: Deployed, now: number): Promise<readonly string[]> {
  if (deployed.trusted === undefined) return []
  const door = await doorIn(deployed, 'observe', now)
  const { lists } = await rehearseDoor(deployed, deployed.trusted, door, now)
  return lists.flatMap(({ id, round }) => {
    const stays = round?.plan.withheld.length ?? 0
    return stays === 0
      ? []
      : [`${id}: ${stays} of its prefixes stay, though nobody in them is trusted any more`]
  })
}
