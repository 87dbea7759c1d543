/** The OpenAPI 3.1 document, made of the schemas that validate. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import {
  action,
  caseDetail,
  caseList,
  listQuery,
  moveBody,
  newCase,
  opdList,
  problem,
  trackingNumber,
} from './schemas.js';

export type OpenApiDocument = ReturnType<typeof createDocument>;

const failure = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const anyCall = {
  '400': failure('The request cannot be read; an unknown query parameter is named.'),
  '401': failure('No API key, or one that is unknown or revoked.'),
  '403': failure('The role of the key may not do this.'),
};

const etag = z.object({ etag: z.string().meta({ description: 'Version of the case, for If-Match.' }) });
const caseAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: etag,
  content: { 'application/json': { schema: caseDetail } },
});

const listCases: ZodOpenApiOperationObject = {
  operationId: 'listCases',
  summary: 'Cases that the key may see, newest first',
  requestParams: { query: listQuery },
  responses: {
    '200': { description: 'A page of cases', content: { 'application/json': { schema: caseList } } },
    ...anyCall,
  },
};

const openCase: ZodOpenApiOperationObject = {
  operationId: 'openCase',
  summary: 'Enters a complaint by hand (telephone, paper, in person)',
  requestParams: {
    header: z.object({
      'Idempotency-Key': z.string().max(255).optional().meta({
        description: 'The same key with the same request answers the case that was opened the first time.',
      }),
    }),
  },
  requestBody: { required: true, content: { 'application/json': { schema: newCase } } },
  responses: {
    '201': caseAnswer('The case'),
    ...anyCall,
    '422': failure('A field is missing or wrong, or the Idempotency-Key was used with another request.'),
    '503': failure('The database is away: nothing was stored.'),
  },
};

const readCase: ZodOpenApiOperationObject = {
  operationId: 'readCase',
  summary: 'One case with its messages and events',
  requestParams: { path: z.object({ trackingNumber }) },
  responses: {
    '200': caseAnswer('The case'),
    ...anyCall,
    '404': failure('No such case for this key; mistyped-number where the number cannot be one.'),
  },
};

const moveCase: ZodOpenApiOperationObject = {
  operationId: 'moveCase',
  summary: 'Moves a case on; the reporter is told where the procedure says so',
  requestParams: {
    path: z.object({ trackingNumber, action }),
    header: z.object({
      'If-Match': z.string().optional().meta({ description: 'ETag of the case as it was read.' }),
    }),
  },
  requestBody: { required: false, content: { 'application/json': { schema: moveBody } } },
  responses: {
    '200': caseAnswer('The case after the move'),
    ...anyCall,
    '404': failure('No such case for this key, or no such action.'),
    '409': failure('The table of moves does not allow it now.'),
    '412': failure('The case has changed since it was read.'),
    '422': failure('A required field is missing; field names it.'),
  },
};

const place = z.object({ trackingNumber, messageId: z.string() });
const anyFile = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
});
const heldBack = {
  ...anyCall,
  '403': failure('infected: the virus scanner found something; identity-protected: see the raw form.'),
  '404': failure('No such file that this key may see.'),
  '503': failure('scanner-away: the virus scanner does not answer, and nothing is handed out unchecked.'),
};

const readFile: ZodOpenApiOperationObject = {
  operationId: 'readAttachment',
  summary: 'A file of a message; `index` is its place in `attachments`, from 0',
  requestParams: { path: place.extend({ index: z.int().min(0) }) },
  responses: { '200': anyFile('Its bytes'), ...heldBack },
};

const readRaw: ZodOpenApiOperationObject = {
  operationId: 'readRawMessage',
  summary: 'A message as it came; only for who may see the reporter',
  requestParams: { path: place },
  responses: { '200': anyFile('A mail is message/rfc822'), ...heldBack },
};

const conveyReply: ZodOpenApiOperationObject = {
  operationId: 'conveyReply',
  summary: 'A person has conveyed this reply (telephone, paper, in person); again changes nothing',
  requestParams: { path: place },
  responses: {
    '200': caseAnswer('The case'),
    ...anyCall,
    '404': failure('No such reply that this key may see.'),
    '409': failure('not-conveyed: the channel sends by itself.'),
  },
};

const listOpds: ZodOpenApiOperationObject = {
  operationId: 'listOpds',
  summary: 'Agencies of the city',
  responses: {
    '200': { description: 'All active OPDs', content: { 'application/json': { schema: opdList } } },
    ...anyCall,
  },
};

/** `publicUrl`: as clients reach it. */
export function openApiDocument(publicUrl: string): OpenApiDocument {
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Tabea',
      version: '1',
      description:
        'Cases of the complaint gateway. Errors are RFC 9457 problem documents. Times are RFC 3339 with offset; ids are opaque.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'npx tabea api-key create' },
      },
    },
    paths: {
      '/api/v1/cases': { get: listCases, post: openCase },
      '/api/v1/cases/{trackingNumber}': { get: readCase },
      '/api/v1/cases/{trackingNumber}/actions/{action}': { post: moveCase },
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/attachments/{index}': { get: readFile },
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/raw': { get: readRaw },
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/conveyed': { post: conveyReply },
      '/api/v1/opds': { get: listOpds },
    },
  });
}
