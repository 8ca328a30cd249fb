import { FENCE, input, make, type Shape } from '../inputs.ts'
import { SlackChannel } from './slack-channel.ts'

const TOPIC: Shape = {
  is: (text) => /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/.test(text),
  should: 'the ARN of a topic, such as "arn:aws:sns:eu-west-1:123456789012:SipFence-pbx-…"',
}

/** CloudFormation's own pattern for both. */
const WORKSPACE: Shape = {
  is: (text) => /^[0-9A-Z]{1,255}$/.test(text),
  should: 'the id of a Slack workspace, such as "T0123456789"',
}

const CHANNEL: Shape = {
  is: (text) => /^[A-Za-z0-9]{1,255}$/.test(text),
  should: 'the id of a Slack channel, such as "C0123456789"; its name will not do',
}

make('a chat channel', (app) => {
  const fence = input(app, 'fence', FENCE)
  new SlackChannel(app, `SipFenceChat-${fence}`, {
    fence,
    topic: input(app, 'topic', TOPIC),
    workspace: input(app, 'workspace', WORKSPACE),
    channel: input(app, 'channel', CHANNEL),
  })
})
