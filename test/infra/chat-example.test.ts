import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { synthHere, synthSpawned } from './example-app.ts'

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:SipFence-pbx-Topic1A2B3C4D'
const GIVEN = { fence: 'pbx', topic: TOPIC, workspace: 'T0123456789', channel: 'C0123456789' }

interface Made {
  readonly code: number | null
  readonly err: string
  readonly file: string
}

interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever CloudFormation takes
  readonly Properties: any
}

describe('examples/chat', () => {
  let root: string
  let made: Made
  let other: Made
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'sipfence-chat-'))
    made = await synth(GIVEN, 'pbx', synthSpawned)
    other = await synth({ ...GIVEN, fence: 'two' }, 'two')
  })
  afterAll(() => rmSync(root, { recursive: true }))

  async function synth(context: object, fence = 'pbx', how = synthHere): Promise<Made> {
    const { code, err, out } = await how('chat', context, root)
    return { code, err, file: join(out, `SipFenceChat-${fence}.template.json`) }
  }

  function only({ file, err }: Made, type: string): Resource['Properties'] {
    if (!existsSync(file)) throw new Error(`Cannot read the template: there is none: ${err}`)
    const { Resources } = JSON.parse(readFileSync(file, 'utf8'))
    const found = Object.values<Resource>(Resources).filter(({ Type }) => Type === type)
    expect(found).toHaveLength(1)
    return found[0]!.Properties
  }

  test('sends the topic of the fence to the channel', () => {
    expect(only(made, 'AWS::Chatbot::SlackChannelConfiguration')).toMatchObject({
      ConfigurationName: 'sipfence-pbx',
      SlackWorkspaceId: GIVEN.workspace,
      SlackChannelId: GIVEN.channel,
      SnsTopicArns: [TOPIC],
    })
  })

  test('lets the channel look at alarms and do nothing, by its role and by its guardrail', () => {
    const { PolicyDocument } = only(made, 'AWS::IAM::ManagedPolicy')
    const actions = PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action)
    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(action).toMatch(/^cloudwatch:(Describe|Get)[A-Za-z]+$/)
    const { GuardrailPolicies } = only(made, 'AWS::Chatbot::SlackChannelConfiguration')
    const role = only(made, 'AWS::IAM::Role')
    expect(GuardrailPolicies).toHaveLength(1)
    expect(role.ManagedPolicyArns).toEqual(GuardrailPolicies)
    expect(role.Policies).toBeUndefined()
    const [trust] = role.AssumeRolePolicyDocument.Statement
    expect(trust.Principal).toEqual({ Service: 'chatbot.amazonaws.com' })
  })

  test('is named after the fence, so that a second one overwrites nothing', () => {
    const { ConfigurationName } = only(other, 'AWS::Chatbot::SlackChannelConfiguration')
    expect(ConfigurationName).toBe('sipfence-two')
  })

  test.each<[string, object, string]>([
    ['no topic', { topic: undefined }, 'nothing says topic; say it by -c topic=…, as README.md shows'],
    [
      'no channel’s id',
      { channel: '#voip' },
      'channel should be the id of a Slack channel, such as "C0123456789"; its name will not do; it is "#voip"',
    ],
    [
      'no workspace’s id',
      { workspace: 'my company' },
      'workspace should be the id of a Slack workspace, such as "T0123456789"; it is "my company"',
    ],
    [
      'the ARN of something else',
      { topic: 'arn:aws:sqs:eu-west-1:123456789012:queue' },
      'topic should be the ARN of a topic, such as "arn:aws:sns:eu-west-1:123456789012:SipFence-pbx-…"; it is "arn:aws:sqs:eu-west-1:123456789012:queue"',
    ],
  ])('says in one line that it is given %s, and makes nothing', async (_, context, line) => {
    const { code, err, file } = await synth({ ...GIVEN, ...context })
    expect([code, err]).toEqual([1, `Cannot make a chat channel: ${line}\n`])
    expect(existsSync(file)).toBe(false)
  })

  test.skipIf(lacks('cfn-lint over the chat channel', 'cfn-lint'))(
    'has nothing that cfn-lint warns of',
    () => {
      const { status, stdout } = spawnSync('cfn-lint', ['--', made.file, other.file], { encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, ''])
    },
  )
})
