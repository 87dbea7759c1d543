CREATE TABLE "case_search" (
	"case_id" uuid PRIMARY KEY NOT NULL,
	"words" "tsvector" NOT NULL
);
--> statement-breakpoint
DROP INDEX "cases_search";--> statement-breakpoint
CREATE INDEX "case_search_words" ON "case_search" USING gin ("words");