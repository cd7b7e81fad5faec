-- The control database: one migration's register, its history and the processes that serve it.

CREATE TABLE cutover_register (
  id             TINYINT      NOT NULL,
  version        BIGINT       NOT NULL COMMENT 'moved by compare-and-set on this number',
  migration      VARCHAR(100) NOT NULL,
  plan_hash      VARCHAR(64)  NOT NULL,
  epoch          BIGINT       NOT NULL,
  truth          VARCHAR(3)   NOT NULL,
  phase          VARCHAR(10)  NOT NULL,
  switch_to      VARCHAR(3)   NULL,
  decision       VARCHAR(10)  NOT NULL,
  lease_owner    VARCHAR(200) NULL,
  lease_until    TIMESTAMP(3) NULL,
  stage          VARCHAR(20)  NOT NULL,
  mirror         TINYINT      NOT NULL,
  read_percent   SMALLINT     NOT NULL,
  shadow_percent SMALLINT     NOT NULL,
  frozen         TINYINT      NOT NULL,
  updated_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Insert-only. detail is JSON text kept byte for byte, because the hash covers it; a JSON column would rewrite it.
CREATE TABLE cutover_event (
  seq            BIGINT       NOT NULL,
  at             TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  actor          VARCHAR(200) NOT NULL,
  kind           VARCHAR(60)  NOT NULL,
  summary        TEXT         NOT NULL,
  from_state     VARCHAR(200) NOT NULL,
  to_state       VARCHAR(200) NOT NULL,
  reason         TEXT         NULL,
  detail         LONGTEXT     NULL,
  prev_hash      CHAR(64)     NOT NULL,
  hash           CHAR(64)     NOT NULL,
  PRIMARY KEY (seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The end of the chain: locked by whoever appends, and the proof that nobody cut the last events off.
CREATE TABLE cutover_event_head (
  id             TINYINT      NOT NULL,
  seq            BIGINT       NOT NULL,
  hash           CHAR(64)     NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
INSERT INTO cutover_event_head (id, seq, hash) VALUES (1, 0, REPEAT('0', 64));

CREATE TABLE cutover_lease (
  name           VARCHAR(100) NOT NULL,
  owner          VARCHAR(200) NOT NULL,
  token          BIGINT       NOT NULL COMMENT 'grows with every grant',
  `until`        TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_instance (
  instance_id      VARCHAR(200) NOT NULL,
  kind             VARCHAR(20)  NOT NULL,
  host             VARCHAR(255) NOT NULL,
  pid              BIGINT       NOT NULL,
  version          VARCHAR(60)  NOT NULL,
  register_version BIGINT       NOT NULL,
  epoch            BIGINT       NOT NULL,
  mode             VARCHAR(20)  NOT NULL,
  heartbeat_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  status           JSON         NOT NULL,
  PRIMARY KEY (instance_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_job (
  name           VARCHAR(60)  NOT NULL,
  state          VARCHAR(10)  NOT NULL,
  detail         JSON         NULL,
  requested_by   VARCHAR(200) NOT NULL,
  updated_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_chunk (
  table_name     VARCHAR(64)  NOT NULL,
  chunk_no       INT          NOT NULL,
  lo             VARCHAR(40)  NULL COMMENT 'exclusive, NULL: open',
  hi             VARCHAR(40)  NULL COMMENT 'inclusive, NULL: open',
  state          VARCHAR(10)  NOT NULL,
  row_count      BIGINT       NOT NULL DEFAULT 0,
  done_at        TIMESTAMP(3) NULL,
  PRIMARY KEY (table_name, chunk_no)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_verification (
  run_id         VARCHAR(64)  NOT NULL,
  started_at     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  finished_at    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  scope          VARCHAR(200) NOT NULL,
  verdict        VARCHAR(15)  NOT NULL,
  cells          BIGINT       NOT NULL,
  row_count      BIGINT       NOT NULL,
  differences    BIGINT       NOT NULL,
  epoch          BIGINT       NOT NULL,
  stage          VARCHAR(20)  NOT NULL,
  report         JSON         NOT NULL,
  PRIMARY KEY (run_id),
  KEY by_end (finished_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE cutover_setting (
  name           VARCHAR(100) NOT NULL,
  value          TEXT         NOT NULL,
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
