-- coupon_meta: what is not cut by user. Times are epoch milliseconds UTC, ranges are [from, to), money is in minor units.

CREATE TABLE IF NOT EXISTS coupon_template (
  template_id      BIGINT        NOT NULL,
  name             VARCHAR(100)  NULL,
  kind             TINYINT       NOT NULL COMMENT '1 store, 2 freight, 3 red packet',
  discount_type    TINYINT       NOT NULL COMMENT '1 amount off, 2 percent off, 3 freight off',
  amount_off_minor BIGINT        NULL,
  percent_off_bp   INT           NULL COMMENT 'basis points off',
  threshold_minor  BIGINT        NOT NULL DEFAULT 0,
  total_quantity   BIGINT        NULL COMMENT 'NULL: unlimited',
  per_user_limit   INT           NULL COMMENT 'NULL: no limit',
  validity_type    SMALLINT      NOT NULL COMMENT '0 days from the claim, 1 fixed range',
  valid_days       INT           NULL,
  valid_from       BIGINT        NULL,
  valid_to         BIGINT        NULL,
  scope            TINYINT       NOT NULL COMMENT '0 all, 1 category, 2 white list, 3 black list',
  goods_list       VARCHAR(1023) NULL,
  status           TINYINT       NOT NULL COMMENT '0 draft, 1 published, 2 paused, 3 ended, 4 archived, 5 publishing',
  created_at       BIGINT        NULL,
  version          INT           NOT NULL DEFAULT 0 COMMENT 'grows with every change: what an editor has seen',
  rule_version     INT           NOT NULL DEFAULT 1 COMMENT 'the version of the rules that coupons are issued under',
  claim_from       BIGINT        NULL,
  claim_to         BIGINT        NULL,
  daily_limit      INT           NULL COMMENT 'how many one user may claim a day; NULL: no limit',
  discount_cap_minor BIGINT      NULL COMMENT 'the most a percentage takes off; NULL: no cap',
  refund_policy    TINYINT       NOT NULL DEFAULT 1 COMMENT '1 restore if valid, 2 restore, 3 extend, 4 never',
  extend_days      INT           NULL COMMENT 'only of policy 3',
  stack_group      VARCHAR(32)   NULL COMMENT 'at most one of a group an order; NULL: of none',
  stackable        TINYINT       NOT NULL DEFAULT 1,
  biz_type         VARCHAR(32)   NULL,
  metadata         JSON          NULL,
  updated_at       BIGINT        NULL,
  PRIMARY KEY (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- For whom a template is; no row: for everybody. A table of its own because the table of templates is there in older installations.
CREATE TABLE IF NOT EXISTS template_audience (
  template_id BIGINT       NOT NULL,
  audience    VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'AND, OR and NOT over tags',
  PRIMARY KEY (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How much the coupons of a template may take off in all; no row: without end. A table of its own for the same reason.
CREATE TABLE IF NOT EXISTS template_budget (
  template_id  BIGINT NOT NULL,
  amount_minor BIGINT NOT NULL,
  PRIMARY KEY (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS template_product (
  id          BIGINT      NOT NULL,
  template_id BIGINT      NULL,
  goods_sn    VARCHAR(64) NULL,
  list_type   TINYINT     NULL,
  PRIMARY KEY (id),
  KEY idx_template (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The key compares as its source does: without case, without trailing spaces.
CREATE TABLE IF NOT EXISTS super_blacklist (
  goods_sn   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  operator   VARCHAR(20) NULL,
  created_at BIGINT      NULL,
  PRIMARY KEY (goods_sn)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS id_sequence (
  name       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_value BIGINT      NOT NULL COMMENT 'the first number nobody has taken',
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Stock that moves between two shard databases: the intent is written here before the first leg. A switch folds what is in flight and
-- ends the epoch, so nobody finishes a transfer of an epoch that is over.
CREATE TABLE IF NOT EXISTS stock_transfer (
  transfer_id   BIGINT   NOT NULL,
  epoch         BIGINT   NOT NULL,
  template_id   BIGINT   NOT NULL,
  from_database SMALLINT NOT NULL,
  to_database   SMALLINT NOT NULL,
  quantity      BIGINT   NOT NULL COMMENT 'the most the debit may take; its leg says what it took',
  state         TINYINT  NOT NULL COMMENT '0 prepared, 1 debited, 2 credited, 3 cancelled',
  created_at    BIGINT   NOT NULL,
  PRIMARY KEY (transfer_id),
  KEY idx_state (state),
  KEY idx_template (template_id, epoch, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The same of budgets: a budget is a stock of minor units, and its statements are those of stock.
CREATE TABLE IF NOT EXISTS budget_transfer LIKE stock_transfer;

-- Statistics: each shard database's part of a sum, so that a part can be counted anew by itself.
CREATE TABLE IF NOT EXISTS coupon_stat (
  database_no    SMALLINT NOT NULL,
  template_id    BIGINT   NOT NULL,
  day            INT      NOT NULL COMMENT 'days since 1970-01-01 on the wall clock of the mall',
  source         TINYINT  NOT NULL COMMENT '0 sent, 1 claimed, 2 code',
  issued         BIGINT   NOT NULL,
  redeemed       BIGINT   NOT NULL,
  redeemed_minor BIGINT   NOT NULL,
  refunded       BIGINT   NOT NULL COMMENT 'uses taken back whole',
  refunded_minor BIGINT   NOT NULL,
  PRIMARY KEY (database_no, template_id, day, source),
  KEY idx_template (template_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What coupons spared on single products; known only of orders that told their lines.
CREATE TABLE IF NOT EXISTS coupon_stat_goods (
  database_no    SMALLINT    NOT NULL,
  template_id    BIGINT      NOT NULL,
  goods_sn       VARCHAR(64) NOT NULL,
  day            INT         NOT NULL,
  redeemed       BIGINT      NOT NULL,
  redeemed_minor BIGINT      NOT NULL,
  PRIMARY KEY (database_no, template_id, goods_sn, day),
  KEY idx_template (template_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- By whom coupons and orders came, of acts on NEW that said so.
CREATE TABLE IF NOT EXISTS coupon_stat_channel (
  database_no    SMALLINT    NOT NULL,
  template_id    BIGINT      NOT NULL,
  channel        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partner_id     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty for none',
  day            INT         NOT NULL,
  issued         BIGINT      NOT NULL,
  redeemed       BIGINT      NOT NULL,
  redeemed_minor BIGINT      NOT NULL,
  refunded       BIGINT      NOT NULL,
  refunded_minor BIGINT      NOT NULL,
  PRIMARY KEY (database_no, template_id, channel, partner_id, day),
  KEY idx_template (template_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the ledger of each shard database is in the sums above; moved in their transaction.
CREATE TABLE IF NOT EXISTS coupon_stat_progress (
  database_no SMALLINT NOT NULL,
  epoch       BIGINT   NOT NULL COMMENT 'counted from the rows in this epoch; another one counts anew',
  entry_id    BIGINT   NOT NULL,
  counted_at  BIGINT   NOT NULL,
  PRIMARY KEY (database_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How much one claim may ask for, where that is less than the service could answer. No row: as much as it could.
CREATE TABLE IF NOT EXISTS claim_limit (
  id        TINYINT     NOT NULL COMMENT '1',
  coupons   INT         NOT NULL,
  templates INT         NOT NULL,
  set_by    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  set_at    BIGINT      NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Templates and the back office.

-- Who changed what: rows are added and never changed.
CREATE TABLE IF NOT EXISTS coupon_audit (
  audit_id    BIGINT      NOT NULL AUTO_INCREMENT,
  template_id BIGINT      NULL,
  about       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'app_7, cbt_3, iss_5, claim_limits; NULL with no template: the products that no coupon is for',
  operator    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action      VARCHAR(40) NOT NULL,
  at          BIGINT      NOT NULL,
  was         JSON        NULL,
  became      JSON        NULL,
  PRIMARY KEY (audit_id),
  KEY idx_template (template_id, audit_id),
  KEY idx_about (about, audit_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Installations of before have the table without what is no template's.
SET @add_about = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
                       AND table_name = 'coupon_audit' AND column_name = 'about') > 0,
                    'DO 0', 'ALTER TABLE coupon_audit ADD COLUMN about VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER template_id, ADD KEY idx_about (about, audit_id)');
PREPARE add_about FROM @add_about;
EXECUTE add_about;
DEALLOCATE PREPARE add_about;

-- What was created under an idempotency key, written in the transaction of the effect.
CREATE TABLE IF NOT EXISTS backoffice_operation (
  op_id       VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  result      JSON        NOT NULL,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (op_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is to be added to the stock of a template, or taken from it: the intent is written before the first database does its part.
CREATE TABLE IF NOT EXISTS stock_adjustment (
  adjustment_id BIGINT      NOT NULL,
  template_id   BIGINT      NOT NULL,
  adjustment_no VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  delta         BIGINT      NOT NULL,
  state         TINYINT     NOT NULL COMMENT '0 under way, 1 giving back, 2 done, 3 refused',
  operator      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  total_after   BIGINT      NULL,
  created_at    BIGINT      NOT NULL,
  PRIMARY KEY (adjustment_id),
  UNIQUE KEY uk_no (template_id, adjustment_no),
  KEY idx_state (state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS budget_adjustment LIKE stock_adjustment;

-- Targeted issuance. A task's users are cut into chunks, each of one shard database; a chunk is what a worker takes on, for a while.
CREATE TABLE IF NOT EXISTS issuance_task (
  task_id         BIGINT      NOT NULL AUTO_INCREMENT,
  issuance_no     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint     VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id     BIGINT      NOT NULL,
  state           TINYINT     NOT NULL COMMENT '0 awaiting audience, 1 running, 2 paused, 3 cancelling, 4 done, 5 cancelled',
  paused_because  VARCHAR(48) NULL COMMENT 'NULL: a person paused it',
  seed            CHAR(32)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the serial texts of its coupons',
  audience_sha256 CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  named           BIGINT      NOT NULL DEFAULT 0,
  duplicates      BIGINT      NOT NULL DEFAULT 0,
  issued          BIGINT      NOT NULL DEFAULT 0,
  batch_size      INT         NOT NULL,
  read_batch_size INT         NOT NULL,
  message_users   INT         NOT NULL,
  rate            INT         NOT NULL COMMENT 'users a second over all workers, 0: no limit',
  paced_until     BIGINT      NOT NULL DEFAULT 0 COMMENT 'the rate is spent until then',
  created_by      VARCHAR(64) NOT NULL,
  audit           JSON        NOT NULL,
  created_at      BIGINT      NOT NULL,
  run_since       BIGINT      NOT NULL DEFAULT 0,
  run_base        BIGINT      NOT NULL DEFAULT 0,
  finished_at     BIGINT      NULL,
  PRIMARY KEY (task_id),
  UNIQUE KEY uk_no (issuance_no),
  KEY idx_state (state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS issuance_chunk (
  task_id     BIGINT      NOT NULL,
  chunk_no    INT         NOT NULL COMMENT 'from 1',
  database_no SMALLINT    NOT NULL,
  users       MEDIUMBLOB  NULL COMMENT 'ascending ids, each as its distance to the one before; NULL: a range',
  range_from  BIGINT      NULL,
  range_to    BIGINT      NULL COMMENT 'the last one',
  state       TINYINT     NOT NULL DEFAULT 0 COMMENT '0 ready, 1 running, 2 done, 3 counted after a cancel',
  begun       TINYINT     NOT NULL DEFAULT 0 COMMENT 'coupons of it may have been issued',
  owner       VARCHAR(80) NULL,
  lease_until BIGINT      NOT NULL DEFAULT 0 COMMENT 'nobody else takes it on before',
  version     INT         NOT NULL DEFAULT 0,
  issued      INT         NOT NULL DEFAULT 0,
  failed      INT         NOT NULL DEFAULT 0,
  finished_at BIGINT      NULL,
  PRIMARY KEY (task_id, chunk_no),
  KEY idx_open (task_id, state, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS issuance_channel (
  task_id    BIGINT      NOT NULL,
  channel    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partner_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty for none',
  PRIMARY KEY (task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS issuance_failure (
  task_id     BIGINT       NOT NULL,
  user_id     BIGINT       NOT NULL,
  database_no SMALLINT     NOT NULL,
  reason      VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message     VARCHAR(255) NOT NULL,
  attempts    INT          NOT NULL,
  next_at     BIGINT       NOT NULL,
  dead        TINYINT      NOT NULL COMMENT '1: not tried again',
  owner       VARCHAR(80)  NULL COMMENT 'of the retry under way',
  PRIMARY KEY (task_id, user_id),
  KEY idx_next (task_id, dead, next_at),
  KEY idx_owner (owner)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What users are to be told, written with the counts of their chunk, delivered by whoever comes by.
CREATE TABLE IF NOT EXISTS message_outbox (
  message_id   BIGINT     NOT NULL AUTO_INCREMENT,
  task_id      BIGINT     NOT NULL,
  chunk_no     INT        NOT NULL COMMENT '0: users whose coupon came with a retry',
  part_no      INT        NOT NULL,
  template_id  BIGINT     NOT NULL,
  users        MEDIUMBLOB NOT NULL COMMENT 'as in issuance_chunk',
  user_count   INT        NOT NULL,
  state        TINYINT    NOT NULL DEFAULT 0 COMMENT '0 waiting, 1 delivered',
  attempts     INT        NOT NULL DEFAULT 0,
  next_at      BIGINT     NOT NULL,
  created_at   BIGINT     NOT NULL,
  delivered_at BIGINT     NULL,
  PRIMARY KEY (message_id),
  UNIQUE KEY uk_part (task_id, chunk_no, part_no),
  KEY idx_next (state, next_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Codes. A batch is a range of numbers; its codes are these numbers under a key that is not in any database.
CREATE TABLE IF NOT EXISTS coupon_code_batch (
  batch_id    BIGINT      NOT NULL AUTO_INCREMENT,
  batch_no    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id BIGINT      NOT NULL,
  key_id      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_length TINYINT     NOT NULL,
  first_no    BIGINT      NOT NULL,
  code_count  INT         NOT NULL,
  made        INT         NOT NULL DEFAULT 0,
  owner       VARCHAR(80) NULL,
  lease_until BIGINT      NOT NULL DEFAULT 0,
  created_by  VARCHAR(64) NOT NULL,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (batch_id),
  UNIQUE KEY uk_no (batch_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Batches that somebody made void: written before the shard databases are told.
CREATE TABLE IF NOT EXISTS coupon_code_batch_void (
  batch_id  BIGINT       NOT NULL,
  voided_by VARCHAR(64)  NOT NULL,
  reason    VARCHAR(200) NOT NULL,
  voided_at BIGINT       NOT NULL,
  done      TINYINT      NOT NULL COMMENT '1: every shard database knows',
  PRIMARY KEY (batch_id),
  KEY idx_open (done, voided_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Lists of codes that were made elsewhere: written before the first of them is brought in, so that somebody can count what a dead process brought.
CREATE TABLE IF NOT EXISTS coupon_code_upload (
  first_no  BIGINT NOT NULL COMMENT 'of its rows; each row has a number of its own',
  batch_id  BIGINT NOT NULL,
  row_count INT    NOT NULL,
  counted   INT    NULL COMMENT 'how many the batch has of it; NULL: not counted yet',
  begun_at  BIGINT NOT NULL,
  PRIMARY KEY (first_no),
  KEY idx_open (counted, begun_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS coupon_code_export (
  export_id   BIGINT       NOT NULL AUTO_INCREMENT,
  batch_id    BIGINT       NOT NULL,
  exported_by VARCHAR(64)  NOT NULL,
  reason      VARCHAR(200) NOT NULL COMMENT 'empty for the first one',
  sha256      CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  exported_at BIGINT       NOT NULL,
  PRIMARY KEY (export_id),
  KEY idx_batch (batch_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Recalls of issued coupons. How far one is in a shard database, that database says (coupon_recall_leg). Not migrated: only NEW recalls.
CREATE TABLE IF NOT EXISTS coupon_recall (
  recall_id   BIGINT       NOT NULL AUTO_INCREMENT,
  recall_no   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the caller',
  template_id BIGINT       NOT NULL,
  issuance_id BIGINT       NULL COMMENT 'only the coupons of this one; NULL: all of the template',
  reason      VARCHAR(200) NOT NULL,
  state       TINYINT      NOT NULL COMMENT '0 running, 1 cancelling, 2 cancelled, 3 done',
  owner       CHAR(36)     CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'who works on it',
  lease_until BIGINT       NOT NULL DEFAULT 0 COMMENT 'nobody else begins before that',
  failure     VARCHAR(200) NULL COMMENT 'what the last turn failed of; the next one that does not, clears it',
  created_by  VARCHAR(64)  NOT NULL,
  created_at  BIGINT       NOT NULL,
  ended_by    VARCHAR(64)  NULL COMMENT 'who cancelled it',
  ended_at    BIGINT       NULL,
  PRIMARY KEY (recall_id),
  UNIQUE KEY uk_no (recall_no),
  KEY idx_open (state, lease_until),
  KEY idx_template (template_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who has named codes that are none: a user, or an address.
CREATE TABLE IF NOT EXISTS coupon_code_attempt (
  subject      VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  misses       INT         NOT NULL,
  window_until BIGINT      NOT NULL,
  locked_until BIGINT      NOT NULL,
  locks        INT         NOT NULL COMMENT 'each lasts twice as long as the one before',
  PRIMARY KEY (subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who may call the service. Not migrated and behind no fence: written in every stage. Application 1 is the mall itself and has no row.
CREATE TABLE IF NOT EXISTS client_app (
  app_id      BIGINT      NOT NULL AUTO_INCREMENT,
  name        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  disabled_at BIGINT      NULL,
  created_by  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (app_id),
  UNIQUE KEY uk_name (name)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How much an application may send to one instance; no row: no limit.
CREATE TABLE IF NOT EXISTS app_quota (
  app_id     BIGINT NOT NULL,
  per_second INT    NOT NULL,
  burst      INT    NOT NULL,
  PRIMARY KEY (app_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Tokens by their HMAC: who reads this table cannot use one.
CREATE TABLE IF NOT EXISTS app_token (
  token_id   BIGINT      NOT NULL AUTO_INCREMENT,
  app_id     BIGINT      NOT NULL,
  token_hash BINARY(32)  NOT NULL,
  scopes     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'words with commas between',
  expires_at BIGINT      NOT NULL COMMENT 'exclusive; brought forward when another token takes its place',
  revoked_at BIGINT      NULL,
  created_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at BIGINT      NOT NULL,
  PRIMARY KEY (token_id),
  KEY idx_app (app_id),
  KEY idx_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Whose a template is, and with it its coupons, uses, issuances and codes. No row: the mall's. Written with the template, never changed.
CREATE TABLE IF NOT EXISTS app_template (
  template_id BIGINT NOT NULL,
  app_id      BIGINT NOT NULL,
  PRIMARY KEY (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Cache-build tasks: what the details of a coupon look like for a product in a store is to be put into the cache. Not migrated: the cache
-- is filled from NEW. A worker takes tasks by compare-and-set on state, so nobody waits for a row.

-- Who ordered tasks, and why.
CREATE TABLE IF NOT EXISTS cache_build (
  build_id   BIGINT       NOT NULL AUTO_INCREMENT,
  build_no   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the caller',
  fingerprint CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason     VARCHAR(200) NOT NULL,
  weight     SMALLINT     NOT NULL,
  tasks      INT          NOT NULL,
  wanted     JSON         NOT NULL COMMENT 'templates, stores and products: each with each is a task',
  cut        INT          NOT NULL DEFAULT 0 COMMENT 'products whose tasks are in cache_task, written with them',
  open       TINYINT      NULL DEFAULT 1 COMMENT '1: not all of them are; NULL: all are',
  ordered_by VARCHAR(64)  NOT NULL,
  created_at BIGINT       NOT NULL,
  PRIMARY KEY (build_id),
  UNIQUE KEY uk_no (build_no),
  KEY idx_open (open, build_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS cache_task (
  task_id     BIGINT       NOT NULL AUTO_INCREMENT,
  build_id    BIGINT       NOT NULL,
  queue_no    SMALLINT     NOT NULL COMMENT 'key_hash % queues, as many as there were when it was last put into one',
  state       TINYINT      NOT NULL DEFAULT 0 COMMENT '0 ready, 1 running, 2 done, 3 dead',
  due         BIGINT       NOT NULL COMMENT 'the smallest first: when it was ordered, earlier by its weight',
  key_hash    INT UNSIGNED NOT NULL,
  template_id BIGINT       NOT NULL,
  store_id    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  product     VARCHAR(64)  NOT NULL,
  category    VARCHAR(64)  NULL,
  attempts    SMALLINT     NOT NULL DEFAULT 0,
  owner       VARCHAR(96)  CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the worker and its turn: who ends a task must have begun it',
  lease_until BIGINT       NOT NULL DEFAULT 0 COMMENT 'not given to another before',
  started_at  BIGINT       NULL,
  finished_at BIGINT       NULL,
  version     INT          NULL COMMENT 'of the template that the cache was told',
  error       VARCHAR(200) NULL COMMENT 'why the last attempt failed',
  PRIMARY KEY (task_id),
  KEY idx_next (state, queue_no, due),
  KEY idx_build (build_id),
  KEY idx_template (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How many queues there are; no row: as many as the service has by itself.
CREATE TABLE IF NOT EXISTS cache_queues (
  id     TINYINT     NOT NULL COMMENT '1',
  queues SMALLINT    NOT NULL,
  set_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  set_at BIGINT      NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Webhooks: where applications want to be told what becomes of their coupons. Not migrated; fed from the ledgers of NEW.
CREATE TABLE IF NOT EXISTS webhook (
  webhook_id     BIGINT       NOT NULL AUTO_INCREMENT,
  app_id         BIGINT       NOT NULL,
  url            VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  acts           VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'numbers of the ledger''s acts with commas between',
  key_id         BINARY(8)    NOT NULL COMMENT 'of the key that its secrets come from; the secrets are in no database',
  generation     INT          NOT NULL DEFAULT 1 COMMENT 'of its secret',
  previous_until BIGINT       NOT NULL DEFAULT 0 COMMENT 'until then it is signed with the secret before, too',
  deleted_at     BIGINT       NULL,
  created_by     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at     BIGINT       NOT NULL,
  PRIMARY KEY (webhook_id),
  KEY idx_app (app_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the ledger of each shard database has been told; moved with what is written down to be delivered.
CREATE TABLE IF NOT EXISTS webhook_progress (
  database_no SMALLINT NOT NULL,
  entry_id    BIGINT   NOT NULL,
  PRIMARY KEY (database_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the ledger of each shard database was brought to what Redis keeps of users.
CREATE TABLE IF NOT EXISTS user_cache_progress (
  database_no SMALLINT NOT NULL,
  entry_id    BIGINT   NOT NULL,
  PRIMARY KEY (database_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS webhook_delivery (
  webhook_id   BIGINT       NOT NULL,
  database_no  SMALLINT     NOT NULL,
  entry_id     BIGINT       NOT NULL,
  event        JSON         NOT NULL,
  state        TINYINT      NOT NULL DEFAULT 0 COMMENT '0 waiting, 1 delivered, 2 dead',
  attempts     INT          NOT NULL DEFAULT 0,
  next_at      BIGINT       NOT NULL,
  created_at   BIGINT       NOT NULL,
  delivered_at BIGINT       NULL,
  error        VARCHAR(200) NULL COMMENT 'why the last attempt failed',
  PRIMARY KEY (webhook_id, database_no, entry_id),
  KEY idx_state (webhook_id, state, created_at, database_no, entry_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
