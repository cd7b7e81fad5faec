-- One shard database. A statement that names {table} is run once a physical table, with the table's three digits in its place.
-- Times are epoch milliseconds UTC, ranges are [from, to), money is in minor units.

CREATE TABLE IF NOT EXISTS user_coupon_{table} (
  coupon_id        BIGINT      NOT NULL COMMENT 'sequence << 10 | slot',
  user_id          BIGINT      NOT NULL,
  template_id      BIGINT      NOT NULL,
  coupon_sn        VARCHAR(32) NULL,
  nickname         VARCHAR(64) NULL,
  source           TINYINT     NULL COMMENT '0 sent, 1 claimed, 2 code',
  status           TINYINT     NOT NULL COMMENT '1 available, 3 used, 4 expired, 5 voided',
  used_at          BIGINT      NULL,
  valid_from       BIGINT      NULL,
  valid_to         BIGINT      NOT NULL,
  legacy_order_id  BIGINT      NULL,
  order_no         VARCHAR(64) NULL,
  created_at       BIGINT      NULL,
  updated_at       BIGINT      NULL,
  deleted          TINYINT     NOT NULL DEFAULT 0,
  kind             TINYINT     NOT NULL,
  discount_type    TINYINT     NOT NULL,
  amount_off_minor BIGINT      NULL,
  percent_off_bp   INT         NULL,
  threshold_minor  BIGINT      NOT NULL,
  claim_seq        BIGINT      NOT NULL COMMENT '1 to the limit of the template; -id for rows of the mall',
  request_no       VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  item_no          SMALLINT    NOT NULL,
  rule_version     INT         NOT NULL DEFAULT 1,
  version          INT         NOT NULL DEFAULT 0,
  discount_cap_minor BIGINT    NULL COMMENT 'as of the template when it was issued',
  hold_no          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the hold that has it until hold_until',
  hold_until       BIGINT      NULL COMMENT 'exclusive; over by itself, nobody has to clear it',
  use_round        INT         NOT NULL DEFAULT 0 COMMENT 'how often it came back from a use',
  PRIMARY KEY (coupon_id),
  UNIQUE KEY uk_claim (user_id, template_id, claim_seq),
  UNIQUE KEY uk_request (user_id, request_no, item_no),
  KEY idx_list (user_id, status, valid_to)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Coupons that nobody can use any more, of templates that were closed for good. Not migrated: nothing is put here before the migration is
-- completed.
CREATE TABLE IF NOT EXISTS user_coupon_archive_{table} LIKE user_coupon_{table};

CREATE TABLE IF NOT EXISTS coupon_redemption_{table} (
  redemption_id BIGINT      NOT NULL COMMENT 'sequence << 10 | slot',
  user_id       BIGINT      NOT NULL,
  order_no      VARCHAR(64) NULL,
  coupon_id     BIGINT      NULL,
  amount_minor  BIGINT      NULL,
  refund_status TINYINT     NULL COMMENT '0 none, 1 refunded',
  refund_no     VARCHAR(64) NULL,
  created_at    BIGINT      NULL,
  PRIMARY KEY (redemption_id),
  KEY idx_user (user_id, order_no),
  KEY idx_coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS coupon_operation_{table} (
  user_id     BIGINT        NOT NULL,
  op_id       VARCHAR(80)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  result      VARCHAR(4000) NOT NULL,
  created_at  BIGINT        NOT NULL,
  PRIMARY KEY (user_id, op_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The stock of a template, cut so that claims of one hot template do not meet in one row.
CREATE TABLE IF NOT EXISTS stock_slice (
  template_id BIGINT   NOT NULL,
  slice_no    SMALLINT NOT NULL,
  allotted    BIGINT   NOT NULL,
  remaining   BIGINT   NOT NULL,
  PRIMARY KEY (template_id, slice_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Stock that a counter in Redis hands out piece by piece: taken from the slices when the lot is opened; what was not issued goes back
-- when it is closed, which removes it.
CREATE TABLE IF NOT EXISTS stock_lot (
  lot_id      BIGINT NOT NULL AUTO_INCREMENT COMMENT 'the epoch of the counter, never given twice',
  template_id BIGINT NOT NULL,
  pieces      INT    NOT NULL COMMENT 'numbered from 0',
  PRIMARY KEY (lot_id),
  KEY idx_template (template_id, lot_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The pieces of open lots that coupons were issued for: the key lets a piece be issued once, whatever the counter says.
CREATE TABLE IF NOT EXISTS stock_piece (
  lot_id   BIGINT NOT NULL,
  piece_no INT    NOT NULL,
  PRIMARY KEY (lot_id, piece_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a transfer of stock did in this database.
CREATE TABLE IF NOT EXISTS stock_transfer_leg (
  transfer_id BIGINT  NOT NULL,
  leg         TINYINT NOT NULL COMMENT '1 debit, 2 credit',
  template_id BIGINT  NOT NULL,
  quantity    BIGINT  NOT NULL,
  PRIMARY KEY (transfer_id, leg)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The budgets of templates are stocks of minor units: the same tables, the same statements. What is left of a budget is the sum of
-- `remaining`; `allotted` is what a slice was ever given, also what came back from a release or a refund. What is held, the open holds
-- say (coupon_hold.agreed); the rest is spent. Not migrated: only templates of NEW have a budget.
CREATE TABLE IF NOT EXISTS budget_slice LIKE stock_slice;

CREATE TABLE IF NOT EXISTS budget_transfer_leg LIKE stock_transfer_leg;

-- What happened to each coupon while NEW held the truth, written in the transaction of the act: its history, and the feed of whoever counts.
CREATE TABLE IF NOT EXISTS coupon_ledger (
  entry_id     BIGINT      NOT NULL AUTO_INCREMENT,
  act          TINYINT     NOT NULL COMMENT '0 nothing: the number was taken by a transaction that ended without it',
  coupon_id    BIGINT      NOT NULL,
  user_id      BIGINT      NOT NULL,
  template_id  BIGINT      NOT NULL,
  source       TINYINT     NOT NULL COMMENT 'of the coupon: 0 sent, 1 claimed, 2 code',
  use_round    INT         NOT NULL COMMENT 'how often the coupon had been given back before',
  business_no  VARCHAR(80) NOT NULL COMMENT 'of the claim, the order, the hold or the refund',
  amount_minor BIGINT      NOT NULL,
  goods        JSON        NULL COMMENT 'what each product of the order was spared, by its serial number',
  created_at   BIGINT      NOT NULL,
  PRIMARY KEY (entry_id),
  KEY idx_coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Through whom an act of the ledger came, where somebody said; a table of its own because the ledger is there in older installations.
CREATE TABLE IF NOT EXISTS coupon_ledger_channel (
  entry_id   BIGINT      NOT NULL,
  channel    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partner_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty for none',
  PRIMARY KEY (entry_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Uses: holds, refunds in parts, and the lines of orders. Not migrated: a rollback leaves them behind, and what a client was answered
-- is in coupon_operation.

-- What was agreed when coupons were held. Whether they still are, the row of each coupon says.
CREATE TABLE IF NOT EXISTS coupon_hold (
  hold_no    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id    BIGINT      NOT NULL,
  order_no   VARCHAR(64) NOT NULL,
  agreed     JSON        NOT NULL COMMENT 'the order, and what each coupon takes off it',
  hold_until BIGINT      NOT NULL,
  state      TINYINT     NOT NULL COMMENT '1 held, 2 confirmed, 3 released, 4 expired',
  created_at BIGINT      NOT NULL,
  ended_at   BIGINT      NULL,
  PRIMARY KEY (hold_no),
  KEY idx_until (state, hold_until),
  KEY idx_order (user_id, order_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Installations of before have the table without the second key.
SET @add_key = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
                     AND table_name = 'coupon_hold' AND index_name = 'idx_order') > 0,
                  'DO 0', 'ALTER TABLE coupon_hold ADD KEY idx_order (user_id, order_no)');
PREPARE add_key FROM @add_key;
EXECUTE add_key;
DEALLOCATE PREPARE add_key;

CREATE TABLE IF NOT EXISTS coupon_refund_{table} (
  redemption_id BIGINT      NOT NULL,
  refund_no     VARCHAR(64) NOT NULL,
  user_id       BIGINT      NOT NULL,
  amount_minor  BIGINT      NOT NULL,
  whole         TINYINT     NOT NULL COMMENT 'whether nothing was left behind it',
  created_at    BIGINT      NOT NULL,
  PRIMARY KEY (redemption_id, refund_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS coupon_redemption_line_{table} (
  redemption_id  BIGINT      NOT NULL,
  line_no        SMALLINT    NOT NULL COMMENT 'from 0, as the order told it',
  product_id     VARCHAR(64) NULL,
  goods_sn       VARCHAR(64) NULL,
  category_id    VARCHAR(64) NULL,
  quantity       INT         NOT NULL,
  amount_minor   BIGINT      NOT NULL,
  discount_minor BIGINT      NOT NULL COMMENT 'its share of what the coupon took off',
  refund_no      VARCHAR(64) NULL,
  created_at     BIGINT      NOT NULL,
  PRIMARY KEY (redemption_id, line_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Templates and the back office.

-- What an adjustment of stock did in this database; whoever does a part of it locks the row first.
CREATE TABLE IF NOT EXISTS stock_adjustment_leg (
  adjustment_id BIGINT   NOT NULL,
  template_id   BIGINT   NOT NULL,
  quantity      BIGINT   NOT NULL COMMENT 'pieces added or taken',
  round         INT      NOT NULL COMMENT 'the last round in which this database was asked',
  closed        TINYINT  NOT NULL COMMENT '1: given back, nothing may follow',
  PRIMARY KEY (adjustment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS budget_adjustment_leg LIKE stock_adjustment_leg;

-- Batches of codes that are void: those of their codes that nobody has taken cannot be any more.
CREATE TABLE IF NOT EXISTS coupon_code_void (
  batch_id BIGINT NOT NULL,
  PRIMARY KEY (batch_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A recall's part in this database: how far it is and what it has counted, written in the transaction that voids.
CREATE TABLE IF NOT EXISTS coupon_recall_leg (
  recall_id BIGINT   NOT NULL,
  mark      BIGINT   NOT NULL COMMENT 'every entry of the ledger up to this one was looked at, or is older than the recall; -1: not begun',
  table_no  SMALLINT NOT NULL COMMENT 'the table it is in; as many as there are: it has been through all',
  after_id  BIGINT   NOT NULL COMMENT 'the last coupon it has been at, in that table or among those left behind',
  seen      BIGINT   NOT NULL COMMENT 'coupons it has come by',
  used      BIGINT   NOT NULL COMMENT 'of these, how many it found used',
  voided    BIGINT   NOT NULL,
  held      BIGINT   NOT NULL COMMENT 'rows of coupon_recall_held',
  state     TINYINT  NOT NULL COMMENT '0 open, 1 done, 2 cancelled: nothing more is voided here',
  PRIMARY KEY (recall_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Coupons that a recall comes again for: a hold or somebody's transaction had them when it came by, or they became available behind it.
CREATE TABLE IF NOT EXISTS coupon_recall_held (
  recall_id BIGINT  NOT NULL,
  coupon_id BIGINT  NOT NULL,
  told      TINYINT NOT NULL COMMENT '1: the ledger told of it, the walk did not leave it',
  PRIMARY KEY (recall_id, coupon_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Codes that are one user's alone.
CREATE TABLE IF NOT EXISTS coupon_code_owner (
  code_hash BINARY(32) NOT NULL,
  user_id   BIGINT     NOT NULL,
  PRIMARY KEY (code_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Codes by their HMAC: who reads this table cannot use one.
CREATE TABLE IF NOT EXISTS coupon_code (
  code_hash   BINARY(32)  NOT NULL COMMENT 'its first four bytes tell the database',
  batch_id    BIGINT      NOT NULL COMMENT 'tells the key',
  serial      BIGINT      NOT NULL,
  template_id BIGINT      NOT NULL,
  status      TINYINT     NOT NULL DEFAULT 0 COMMENT '0 new, 1 claiming, 2 used, 3 void',
  user_id     BIGINT      NULL,
  request_no  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the idempotency key of the caller',
  attempt     INT         NOT NULL DEFAULT 0 COMMENT 'how often it was taken, part of the operation id',
  lease_until BIGINT      NOT NULL DEFAULT 0,
  coupon_id   BIGINT      NULL,
  used_at     BIGINT      NULL,
  PRIMARY KEY (code_hash),
  KEY idx_open (status, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
