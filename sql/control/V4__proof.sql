-- Continuous verification: what is proven of each database, and rows that were seen to differ between two passes.

-- One row a database of NEW and direction. Void is it, too, when cutover_stray has a write on the side that is not the truth from after started_at.
CREATE TABLE cutover_proof (
  database_name  VARCHAR(20)  NOT NULL COMMENT 'as the plan counts them: meta, shard-0',
  truth          VARCHAR(3)   NOT NULL COMMENT 'the side whose rows counted',
  run_id         VARCHAR(64)  NOT NULL COMMENT 'the last full pass that found everything equal',
  epoch          BIGINT       NOT NULL,
  gtid_set       LONGTEXT     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'what the source had executed when the pass began',
  started_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT 'nothing the proof rests on is older',
  proven_at      TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  rechecked      BIGINT       NOT NULL DEFAULT 0 COMMENT 'changed keys compared again since',
  passed_over    BIGINT       NOT NULL DEFAULT 0 COMMENT 'changed keys that were too many to be compared again',
  rechecked_at   TIMESTAMP(3) NULL,
  void_reason    TEXT         NULL,
  void_at        TIMESTAMP(3) NULL,
  PRIMARY KEY (database_name, truth)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Certified by the check of changed keys; gone when a full pass that began later finds everything equal.
CREATE TABLE cutover_difference (
  difference_no  BIGINT       NOT NULL AUTO_INCREMENT,
  table_name     VARCHAR(64)  NOT NULL,
  place          VARCHAR(100) NOT NULL COMMENT 'database.physical table on new',
  row_key        VARCHAR(255) NOT NULL COMMENT 'on old; where it has none, on new',
  kind           VARCHAR(20)  NOT NULL,
  found_at       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  detail         LONGTEXT     NOT NULL COMMENT 'JSON, as in a report',
  PRIMARY KEY (difference_no),
  UNIQUE KEY once (table_name, place, row_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- A pass that is gone on with proves no more than what was executed when it first began.
ALTER TABLE cutover_pass ADD COLUMN positions LONGTEXT CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'database=gtid set, a line each';
