-- The stray-write watch: what it saw, and how far it has looked.

-- A change of a migrated table that neither the application under an open fence, nor an applier, nor a mirror made.
CREATE TABLE cutover_stray (
  stray_no        BIGINT       NOT NULL AUTO_INCREMENT,
  server          VARCHAR(300) NOT NULL COMMENT 'host:port',
  database_name   VARCHAR(20)  NOT NULL COMMENT 'as the plan counts them: old, shard-0',
  table_name      VARCHAR(64)  NOT NULL COMMENT 'physical; empty where the whole server was not watched',
  gtid            VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the transaction, or the set that was not watched',
  kind            VARCHAR(12)  NOT NULL,
  events          BIGINT       NOT NULL COMMENT 'row events; each holds one row or more',
  detail          TEXT         NULL,
  seen_at         TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  acknowledged_by VARCHAR(200) NULL,
  acknowledged_at TIMESTAMP(3) NULL,
  acknowledged_reason TEXT     NULL,
  PRIMARY KEY (stray_no),
  UNIQUE KEY once (server, database_name, table_name, gtid, kind),
  KEY open_first (acknowledged_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Every transaction in the set was looked at, and the fences were in these roles behind the last of them.
CREATE TABLE cutover_watch (
  server          VARCHAR(300) NOT NULL,
  gtid_set        LONGTEXT     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  roles           TEXT         NOT NULL,
  updated_at      TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (server)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
