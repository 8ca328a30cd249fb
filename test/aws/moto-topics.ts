import type { Posting } from './moto-queues.ts'

const none = 'arn:aws:sns:eu-west-1:123456789012:none'

const absent = 'attribute_not_exists(pk)'

/** What both servers do as AWS does it, with a topic or a table: the calls, then the outcome. */
export const topicsAlike: [string, Posting, unknown][] = [
  [
    'a topic that is not there',
    ({ sns }) => sns.publish({ TopicArn: none, Message: 'a' }),
    'NotFoundException',
  ],
  [
    'a publish',
    async ({ sns, topicArn }) => void (await sns.publish({ TopicArn: topicArn, Message: 'a', Subject: 'b' })),
    'accepted',
  ],
  [
    'a message with a form for each protocol',
    async ({ sns, topicArn }) => {
      const Message = JSON.stringify({ default: 'a', email: 'b' })
      await sns.publish({ TopicArn: topicArn, MessageStructure: 'json', Message })
    },
    'accepted',
  ],
  [
    'a subject of 101 characters',
    ({ sns, topicArn }) => sns.publish({ TopicArn: topicArn, Message: 'a', Subject: 'b'.repeat(101) }),
    'InvalidParameterException',
  ],
  [
    'a conditional put',
    async ({ documents, TableName }) => {
      const put = { TableName, Item: { pk: 'p', sk: 's' }, ConditionExpression: absent }
      await documents.put(put)
      await documents.put(put)
    },
    'ConditionalCheckFailedException',
  ],
  [
    'a query',
    async ({ documents, TableName }) => {
      for (const sk of ['b', 'a']) await documents.put({ TableName, Item: { pk: 'p', sk } })
      const values = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'p' } }
      return (await documents.query({ TableName, ...values })).Items
    },
    [
      { pk: 'p', sk: 'a' },
      { pk: 'p', sk: 'b' },
    ],
  ],
  [
    'an update that adds',
    async ({ documents, TableName }) => {
      const update = {
        TableName,
        Key: { pk: 'p', sk: 's' },
        UpdateExpression: 'ADD hits :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'UPDATED_NEW' as const,
      }
      await documents.update(update)
      return (await documents.update(update)).Attributes
    },
    { hits: 2 },
  ],
  [
    'an item without its sort key',
    ({ documents, TableName }) => documents.put({ TableName, Item: { pk: 'p' } }),
    'ValidationException',
  ],
  [
    'a table that is not there',
    ({ documents }) => documents.get({ TableName: 'none', Key: { pk: 'p', sk: 's' } }),
    'ResourceNotFoundException',
  ],
  [
    'a message over 256 KiB to a topic',
    ({ sns, topicArn }) => sns.publish({ TopicArn: topicArn, Message: 'x'.repeat(262_145) }),
    'InvalidParameterException',
  ],
]

/** Where moto 5.2.1 differs: what AWS does, then what moto does. */
export const topicsDifferent: [string, Posting, aws: unknown, moto: unknown][] = [
  [
    'a subject with a line break',
    async ({ sns, topicArn }) =>
      void (await sns.publish({ TopicArn: topicArn, Message: 'a', Subject: 'a\nb' })),
    'InvalidParameterException',
    'accepted',
  ],
  [
    'an empty message to a topic',
    async ({ sns, topicArn }) => void (await sns.publish({ TopicArn: topicArn, Message: '' })),
    'InvalidParameterException',
    'accepted',
  ],
]
