-- A verification pass that has not ended: what it has proven so far, so that the next one goes on there.

CREATE TABLE cutover_pass (
  fingerprint    CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the state the pass is about',
  run_id         VARCHAR(64)  NOT NULL COMMENT 'who goes on with it',
  first_run_id   VARCHAR(64)  NOT NULL,
  started_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (fingerprint)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_pass_range (
  run_id         VARCHAR(64)  NOT NULL,
  table_name     VARCHAR(64)  NOT NULL,
  range_no       INT          NOT NULL,
  lo             VARCHAR(40)  NULL COMMENT 'exclusive, NULL: open',
  hi             VARCHAR(40)  NULL COMMENT 'inclusive, NULL: open',
  proven_at      TIMESTAMP(3) NULL COMMENT 'when every cell was equal; NULL: not yet',
  cells          BIGINT       NOT NULL DEFAULT 0,
  source_rows    BIGINT       NOT NULL DEFAULT 0,
  target_rows    BIGINT       NOT NULL DEFAULT 0,
  unmapped       BIGINT       NOT NULL DEFAULT 0 COMMENT 'rows that old rejects',
  PRIMARY KEY (run_id, table_name, range_no)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
