import { setImmediate } from 'node:timers/promises';
import { type Static, Type } from 'typebox';
import type { PlannedOrder } from '../../masking/plan-numbers.ts';
import { type Api, keyProblems } from '../api.ts';
import { refuse } from '../masking-bodies.ts';
import type { HttpServerOptions } from '../options.ts';
import { lineOfText } from '../schemas.ts';

/** Orders in a body; at most so many fit into 1 MiB anyway. */
const MAX_ORDERS = 10_000;
/** Of a day that is made up, 48 000 orders. More is for `maskline numbers plan`, which disturbs no calls. */
const MAX_PER_HOUR = 2_000;
const DAY_MINUTES = 24 * 60;
const DEFAULT_COOL_OFF_MINUTES = 60;

const Name = lineOfText(1, 64, 'Any name; it is compared, and not kept.');
const Time = Type.Union([Type.Number({ minimum: 0, maximum: 1e12 }), Type.String({ format: 'date-time' })], {
  description: 'RFC 3339, or seconds.',
});

const PlanBody = Type.Object(
  {
    orders: Type.Optional(
      Type.Array(Type.Object({ a: Name, b: Name, start: Time, end: Time }, { additionalProperties: false }), {
        minItems: 1,
        maxItems: MAX_ORDERS,
        description: 'Who meets whom, from when to when.',
      }),
    ),
    rate: Type.Optional(
      Type.Object(
        {
          perHour: Type.Integer({ minimum: 1, maximum: MAX_PER_HOUR }),
          minutes: Type.Integer({
            minimum: 1,
            maximum: DAY_MINUTES,
            description: 'Of an order, on average.',
          }),
          held: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 50,
              description: 'Orders of one driver at once. Default: 1.',
            }),
          ),
        },
        { additionalProperties: false, description: 'Instead of orders: a day is made up.' },
      ),
    ),
    coolOffMinutes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30 * DAY_MINUTES,
        description: `For so long a number is not used again by the same person for somebody else. Default: ${DEFAULT_COOL_OFF_MINUTES}.`,
      }),
    ),
  },
  { additionalProperties: false },
);

const Plan = Type.Object({
  orders: Type.Integer(),
  numbers: Type.Integer({ description: 'So many service numbers are enough.' }),
  lowerBound: Type.Integer({
    description: 'Fewer cannot do: so many counterparts has one person at a time.',
  }),
  atOnce: Type.Integer({ description: 'Orders at the busiest moment.' }),
});

/** How many service numbers orders need; `maskline numbers plan` is the same for larger days. */
export function maskingPlan(api: Api, { masking }: Pick<HttpServerOptions, 'masking'>): void {
  api.post(
    '/v1/numbers/plan',
    {
      config: { access: 'sessions:read' },
      schema: {
        summary: 'How many service numbers a set or a rate of orders needs. Nothing of it is kept.',
        operationId: 'planNumbers',
        tags: ['numbers'],
        body: PlanBody,
        response: { 200: Plan, ...keyProblems(413, 415) },
      },
    },
    async (request) => {
      const { orders, rate, coolOffMinutes = DEFAULT_COOL_OFF_MINUTES } = request.body;
      if ((orders === undefined) === (rate === undefined)) refuse('', 'has either orders or rate');
      const planned =
        rate === undefined
          ? (orders ?? []).map((order, index) => orderOf(order, `/orders/${index}`))
          : await inSteps(masking.planning.madeUp({ held: 1, ...rate }));
      return await inSteps(masking.planning.plan(planned, { coolOffMs: coolOffMinutes * 60_000 }));
    },
  );
}

function orderOf(
  { a, b, start, end }: NonNullable<Static<typeof PlanBody>['orders']>[number],
  at: string,
): PlannedOrder {
  const order = { a, b, start: msOf(start), end: msOf(end) };
  if (a === b) refuse(`${at}/b`, 'is the same as a');
  if (order.end < order.start) refuse(`${at}/end`, 'is before start');
  return order;
}

function msOf(time: number | string): number {
  return typeof time === 'number' ? time * 1_000 : Date.parse(time);
}

/** Other requests, and calls, have their turn between the steps. */
async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    await setImmediate();
    step = steps.next();
  }
  return step.value;
}
