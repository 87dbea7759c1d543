ALTER TABLE "case_event" DROP CONSTRAINT "case_event_case_id_cases_id_fk";
--> statement-breakpoint
ALTER TABLE "cases" DROP CONSTRAINT "cases_reporter_id_reporter_id_fk";
--> statement-breakpoint
ALTER TABLE "contact" DROP CONSTRAINT "contact_reporter_id_reporter_id_fk";
--> statement-breakpoint
ALTER TABLE "message" DROP CONSTRAINT "message_case_id_cases_id_fk";
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_case_id_cases_id_fk";
