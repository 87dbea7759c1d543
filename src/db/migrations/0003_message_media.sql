ALTER TABLE "message" ADD COLUMN "media_due" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "message_media" ON "message" USING btree ("media_due") WHERE media_due is not null;--> statement-breakpoint
-- What came before this column existed and still lies with its provider.
UPDATE "message" SET "media_due" = "received_at"
  WHERE "attachments" @> '[{"state": "wanted"}]' AND "withdrawn_at" IS NULL;
