-- The tables Cutover keeps in every database it fences, OLD or NEW. All statements may be run again.

-- Who may write here. A missing row means: nobody.
CREATE TABLE IF NOT EXISTS cutover_fence (
  id          TINYINT      NOT NULL,
  epoch       BIGINT       NOT NULL,
  role        VARCHAR(10)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'primary: the application, closing: nobody, replica: applier and mirrors',
  map_version INT          NOT NULL DEFAULT 1,
  server_uuid CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the server that wrote the row; another one after a failover nobody adopted',
  updated_by  VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  updated_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE = InnoDB COMMENT = 'Cutover: who may write to this database';

-- How far each stream into this database has been applied; committed together with the rows.
CREATE TABLE IF NOT EXISTS cutover_position (
  stream      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch       BIGINT       NOT NULL,
  owner       BIGINT       NOT NULL COMMENT 'raised by each worker that takes over',
  gtid_set    LONGTEXT     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (stream)
) ENGINE = InnoDB COMMENT = 'Cutover: how far streams have been applied here';

-- Where the stream out of this database begins, by epoch.
CREATE TABLE IF NOT EXISTS cutover_start (
  epoch       BIGINT       NOT NULL,
  gtid_set    LONGTEXT     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (epoch)
) ENGINE = InnoDB COMMENT = 'Cutover: where the stream out of this database begins';

-- Written on the side being left after its close; travels its stream.
CREATE TABLE IF NOT EXISTS cutover_marker (
  stream      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch       BIGINT       NOT NULL,
  nonce       CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (stream)
) ENGINE = InnoDB COMMENT = 'Cutover: markers that a drain waits for';

-- One row event here tells the stray-write watch that a transaction was a mirror.
CREATE TABLE IF NOT EXISTS cutover_origin (
  slot        SMALLINT     NOT NULL,
  gtid        VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (slot)
) ENGINE = InnoDB COMMENT = 'Cutover: marks mirrored transactions';

-- Rows that cannot be mapped, with the reason.
CREATE TABLE IF NOT EXISTS cutover_quarantine (
  table_name  VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  row_key     VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  reason      VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (table_name, row_key)
) ENGINE = InnoDB COMMENT = 'Cutover: rows that cannot be mapped';
