CREATE TABLE "account" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"opd_id" text,
	"password_hash" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"disabled_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "api_key" (
	"id" uuid PRIMARY KEY NOT NULL,
	"hash" "bytea" NOT NULL,
	"role" text NOT NULL,
	"opd_id" text,
	"name" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "case_event" (
	"case_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"kind" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"data" jsonb NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "case_event_case_id_seq_pk" PRIMARY KEY("case_id","seq")
);
--> statement-breakpoint
CREATE TABLE "case_link" (
	"case_id" uuid NOT NULL,
	"other_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "case_link_case_id_other_id_kind_pk" PRIMARY KEY("case_id","other_id","kind")
);
--> statement-breakpoint
CREATE TABLE "cases" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tracking_number" char(10) NOT NULL,
	"type" text NOT NULL,
	"status" text NOT NULL,
	"channel_id" text NOT NULL,
	"confidentiality" text NOT NULL,
	"subject" text,
	"text" text NOT NULL,
	"reporter_id" uuid,
	"contact_key" "bytea",
	"opd_id" text,
	"place" text,
	"occurred_at" timestamp with time zone,
	"submitted_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"return_to" text,
	"last_inbound_at" timestamp with time zone,
	"last_answer_at" timestamp with time zone,
	"created_by" text NOT NULL,
	"flags" text[],
	"version" integer DEFAULT 1 NOT NULL,
	"event_seq" integer NOT NULL,
	"event_hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contact" (
	"key" "bytea" PRIMARY KEY NOT NULL,
	"reporter_id" uuid NOT NULL,
	"scheme" text NOT NULL,
	"address" "bytea" NOT NULL,
	"opted_out_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cursor" (
	"channel_id" text NOT NULL,
	"name" text NOT NULL,
	"value" jsonb NOT NULL,
	"epoch" bigint NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "cursor_channel_id_name_pk" PRIMARY KEY("channel_id","name")
);
--> statement-breakpoint
CREATE TABLE "delivery_report" (
	"channel_id" text NOT NULL,
	"external_id" text NOT NULL,
	"state" text NOT NULL,
	"code" text,
	"at" timestamp with time zone NOT NULL,
	"outbox_id" uuid,
	CONSTRAINT "delivery_report_channel_id_external_id_state_pk" PRIMARY KEY("channel_id","external_id","state")
);
--> statement-breakpoint
CREATE TABLE "envelope" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"method" text NOT NULL,
	"target" text NOT NULL,
	"headers" jsonb NOT NULL,
	"body" "bytea",
	"body_blob" text,
	"ignored" jsonb
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"actor" text NOT NULL,
	"key" text NOT NULL,
	"request" "bytea" NOT NULL,
	"case_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_actor_key_pk" PRIMARY KEY("actor","key")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"event_key" text NOT NULL,
	"contact_key" "bytea",
	"envelope_id" uuid NOT NULL,
	"payload" jsonb,
	"state" text DEFAULT 'new' NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"done_at" timestamp with time zone,
	"outcome" text
);
--> statement-breakpoint
CREATE TABLE "lease" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message" (
	"id" uuid PRIMARY KEY NOT NULL,
	"case_id" uuid,
	"channel_id" text NOT NULL,
	"external_id" text NOT NULL,
	"contact_key" "bytea",
	"subject" text,
	"text" text NOT NULL,
	"attachments" jsonb,
	"thread" jsonb,
	"automated" boolean DEFAULT false NOT NULL,
	"sent_at" timestamp with time zone,
	"received_at" timestamp with time zone NOT NULL,
	"withdrawn_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "note" (
	"id" uuid PRIMARY KEY NOT NULL,
	"case_id" uuid NOT NULL,
	"author" text NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "opd" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"short_name" text NOT NULL,
	"active" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"case_id" uuid,
	"channel_id" text NOT NULL,
	"contact_key" "bytea",
	"purpose" text NOT NULL,
	"automated" boolean NOT NULL,
	"subject" text,
	"text" text NOT NULL,
	"in_reply_to" uuid,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempt" smallint DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"attempt_at" timestamp with time zone,
	"external_id" text,
	"segments" smallint,
	"error" text,
	"created_at" timestamp with time zone NOT NULL,
	"state_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quarantine" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"method" text NOT NULL,
	"target" text NOT NULL,
	"headers" jsonb NOT NULL,
	"body" "bytea" NOT NULL,
	"size" integer NOT NULL,
	"state" text DEFAULT 'held' NOT NULL,
	"inbox_id" uuid
);
--> statement-breakpoint
CREATE TABLE "reporter" (
	"id" uuid PRIMARY KEY NOT NULL,
	"wrapped_key" "bytea" NOT NULL,
	"identity" "bytea",
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "session" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"csrf" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_opd_id_opd_id_fk" FOREIGN KEY ("opd_id") REFERENCES "public"."opd"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_opd_id_opd_id_fk" FOREIGN KEY ("opd_id") REFERENCES "public"."opd"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "case_event" ADD CONSTRAINT "case_event_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_reporter_id_reporter_id_fk" FOREIGN KEY ("reporter_id") REFERENCES "public"."reporter"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_opd_id_opd_id_fk" FOREIGN KEY ("opd_id") REFERENCES "public"."opd"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact" ADD CONSTRAINT "contact_reporter_id_reporter_id_fk" FOREIGN KEY ("reporter_id") REFERENCES "public"."reporter"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message" ADD CONSTRAINT "message_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "note" ADD CONSTRAINT "note_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session" ADD CONSTRAINT "session_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_email" ON "account" USING btree ("email");--> statement-breakpoint
CREATE UNIQUE INDEX "api_key_hash" ON "api_key" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "case_link_other" ON "case_link" USING btree ("other_id");--> statement-breakpoint
CREATE UNIQUE INDEX "cases_tracking_number" ON "cases" USING btree ("tracking_number");--> statement-breakpoint
CREATE INDEX "cases_contact" ON "cases" USING btree ("contact_key","id") WHERE contact_key is not null;--> statement-breakpoint
CREATE INDEX "cases_status" ON "cases" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "cases_opd" ON "cases" USING btree ("opd_id","id") WHERE opd_id is not null;--> statement-breakpoint
CREATE INDEX "cases_search" ON "cases" USING gin (to_tsvector('simple', coalesce(subject, '') || ' ' || text));--> statement-breakpoint
CREATE INDEX "contact_reporter" ON "contact" USING btree ("reporter_id");--> statement-breakpoint
CREATE UNIQUE INDEX "inbox_event" ON "inbox" USING btree ("channel_id","event_key");--> statement-breakpoint
CREATE INDEX "inbox_new" ON "inbox" USING btree ("id") WHERE state = 'new';--> statement-breakpoint
CREATE INDEX "inbox_contact" ON "inbox" USING btree ("contact_key");--> statement-breakpoint
CREATE INDEX "message_case" ON "message" USING btree ("case_id","id");--> statement-breakpoint
CREATE INDEX "note_case" ON "note" USING btree ("case_id");--> statement-breakpoint
CREATE INDEX "outbox_case" ON "outbox" USING btree ("case_id","id");--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("due_at") WHERE state in ('pending', 'sending', 'unknown');--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_external" ON "outbox" USING btree ("channel_id","external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "quarantine_state" ON "quarantine" USING btree ("state","kind","id");--> statement-breakpoint
CREATE INDEX "session_account" ON "session" USING btree ("account_id");