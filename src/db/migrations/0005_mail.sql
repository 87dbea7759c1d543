ALTER TABLE "message" ADD COLUMN "quoted" text;--> statement-breakpoint
ALTER TABLE "message" ADD COLUMN "html" text;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "attachments" jsonb;