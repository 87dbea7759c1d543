/** The reader of the OpenAPI document: one page, made on the server, nothing foreign. */
import { z } from 'zod';
import { frameOf, Page, sendPage } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { SiteBar } from '../web/site-bar.js';
import { openApiDocument } from './openapi.js';

/** As much of the document as the page shows; the document is our own, this only narrows its types. */
const shown = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        summary: z.string(),
        parameters: z
          .array(
            z.object({
              name: z.string(),
              in: z.string(),
              required: z.boolean().optional(),
              description: z.string().optional(),
              schema: z.looseObject({ description: z.string().optional() }).optional(),
            }),
          )
          .optional(),
        requestBody: z
          .object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) })
          .optional(),
        responses: z.record(z.string(), z.object({ description: z.string() })),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
type Operation = z.infer<typeof shown>['paths'][string][string];

export function docsPage(shared: Shared): Route['handle'] {
  const document = shown.parse(openApiDocument(shared.publicUrl));
  return (request, response) => {
    const frame = frameOf(request, frameBase(shared), 'en');
    sendPage(
      response,
      <Page frame={frame} title="API" header={<SiteBar frame={frame} here="api" />}>
        <div class="container-xl py-4 tb-doc">
          <h1>REST API</h1>
          <p>{document.info.description}</p>
          <p>
            Every call carries <code>Authorization: Bearer KEY</code>;{' '}
            <code>npx tabea api-key create --role ROLE</code> prints a key. The document itself:{' '}
            <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>
          </p>
          {Object.entries(document.paths).flatMap(([path, operations]) =>
            Object.entries(operations).map(([method, operation]) => (
              <OperationCard path={path} method={method} operation={operation} key={method + path} />
            )),
          )}
          <h2 class="mt-4">Schemas</h2>
          {Object.entries(document.components.schemas).map(([name, schema]) => (
            <details class="card mb-2" id={`schema-${name}`} key={name}>
              <summary class="card-header">{name}</summary>
              <div class="card-body">
                <pre>{JSON.stringify(schema, null, 2)}</pre>
              </div>
            </details>
          ))}
        </div>
      </Page>,
    );
  };
}

interface OperationCardProps {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function OperationCard({ path, method, operation }: OperationCardProps) {
  const body = operation.requestBody?.content['application/json']?.schema;
  return (
    <section class="card mb-3" id={operation.operationId} aria-labelledby={`title-${operation.operationId}`}>
      <div class="card-header d-block">
        <h2 class="card-title" id={`title-${operation.operationId}`}>
          <span class="tb-method" data-method={method}>
            {method.toUpperCase()}
          </span>{' '}
          <code>{path}</code>
        </h2>
        <p class="mb-0 text-secondary">{operation.summary}</p>
      </div>
      <div class="card-body">
        {operation.parameters === undefined ? null : (
          <>
            <h3 class="h4">Parameters</h3>
            <ul>
              {operation.parameters.map((parameter) => (
                <li key={parameter.name}>
                  <code>{parameter.name}</code> ({parameter.in}
                  {parameter.required === true ? ', required' : ''}){' '}
                  {parameter.description ?? parameter.schema?.description}
                </li>
              ))}
            </ul>
          </>
        )}
        {body === undefined ? null : (
          <>
            <h3 class="h4">Body</h3>
            <pre>{JSON.stringify(body, null, 2)}</pre>
          </>
        )}
        <h3 class="h4">Answers</h3>
        <ul class="mb-0">
          {Object.entries(operation.responses).map(([status, answer]) => (
            <li key={status}>
              <code>{status}</code> {answer.description}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
