-- The mall's coupon tables as they grew since MySQL 5.7, with every habit that makes a migration hard: zero dates, counters in the
-- template row, no unique key on claims, several charsets, one MyISAM table. Loads on 8.0.15 and 8.4: utf8mb3 collations are never
-- named, because 8.0.30 renamed them; the default of the charset is utf8(mb3)_general_ci everywhere.
-- The application runs at UTC+8: DATETIME columns hold that wall clock.

-- Zero-date defaults are refused under NO_ZERO_DATE; the box was started with an old my.cnf.
SET SESSION sql_mode = '';

-- Template, stock and counters in one hot row.
CREATE TABLE mall_coupon (
  id             INT(11)       NOT NULL AUTO_INCREMENT,
  coupon_name    VARCHAR(100)  DEFAULT NULL,
  type           TINYINT(4)    NOT NULL DEFAULT 0 COMMENT '0 full reduction, 1 discount, 2 freight, 3 red packet (added 2018, documented nowhere)',
  platform       VARCHAR(8)    DEFAULT '0' COMMENT '0 all, 1 app, 2 pc; some rows hold "1,2"',
  amount         DECIMAL(10,2) NOT NULL DEFAULT 0 COMMENT 'yuan; for type 1 it is 8.50 = pay 85 %',
  min_point      DECIMAL(10,2) DEFAULT NULL COMMENT '0 or NULL: no threshold',
  num            INT(11)       DEFAULT NULL COMMENT 'what is left, decremented; -1: unlimited',
  publish_count  INT(11)       DEFAULT NULL,
  receive_count  INT(11)       DEFAULT 0,
  use_count      INT(11)       DEFAULT 0,
  per_limit      INT(11)       DEFAULT 1 COMMENT '0: no limit',
  use_type       TINYINT(4)    NOT NULL DEFAULT 0 COMMENT '0 all, 1 category, 2 white list, 3 black list',
  goods_value    VARCHAR(1023) DEFAULT '[]' COMMENT 'JSON or comma list of goods ids, silently cut at 1023',
  time_type      SMALLINT(6)   NOT NULL DEFAULT 0 COMMENT '0: days from the claim, 1: fixed range',
  days           SMALLINT(6)   DEFAULT 0,
  start_time     DATETIME      NOT NULL DEFAULT '0000-00-00 00:00:00',
  end_time       DATETIME      NOT NULL DEFAULT '0000-00-00 00:00:00' COMMENT 'inclusive',
  enable_time    DATETIME      DEFAULT NULL,
  member_level   INT(11)       DEFAULT 0,
  code           VARCHAR(63)   DEFAULT NULL,
  note           VARCHAR(200)  DEFAULT NULL,
  status         SMALLINT(6)   NOT NULL DEFAULT 0 COMMENT '0 normal, 1 expired, 2 off shelf',
  add_time       DATETIME      DEFAULT NULL,
  update_time    DATETIME      DEFAULT NULL COMMENT 'set by the application, not by ON UPDATE',
  deleted        TINYINT(1)    NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY code (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

-- Another charset, and goods by serial number instead of id.
CREATE TABLE mall_coupon_goods (
  id        INT(11)     NOT NULL AUTO_INCREMENT,
  coupon_id INT(11)     DEFAULT NULL,
  goods_sn  VARCHAR(64) DEFAULT NULL,
  list_type TINYINT(4)  DEFAULT 2,
  PRIMARY KEY (id),
  KEY idx_coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;

-- No unique key besides the id: over-claims exist in the data.
CREATE TABLE mall_coupon_user (
  id              INT(11)     NOT NULL AUTO_INCREMENT,
  user_id         INT(11)     NOT NULL,
  coupon_id       INT(11)     NOT NULL,
  coupon_sn       VARCHAR(32) DEFAULT NULL,
  member_nickname VARCHAR(64) DEFAULT NULL,
  get_type        TINYINT(4)  DEFAULT NULL COMMENT '0 sent, 1 claimed, 2 code',
  status          SMALLINT(6) NOT NULL DEFAULT 0 COMMENT '0 unused, 1 used, 2 expired, 3 off shelf',
  used_time       DATETIME    DEFAULT NULL,
  start_time      DATETIME    DEFAULT NULL,
  end_time        DATETIME    NOT NULL DEFAULT '0000-00-00 00:00:00' COMMENT 'inclusive',
  order_id        INT(11)     DEFAULT NULL,
  order_sn        VARCHAR(63) DEFAULT NULL,
  add_time        DATETIME    DEFAULT NULL,
  update_time     TIMESTAMP   NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  deleted         TINYINT(1)  NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY idx_user (user_id),
  KEY idx_coupon (coupon_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- A unique code is compared without case and without trailing spaces.
CREATE TABLE mall_coupon_code (
  id            INT(11)     NOT NULL AUTO_INCREMENT,
  coupon_id     INT(11)     NOT NULL,
  code          VARCHAR(32) NOT NULL,
  status        TINYINT(4)  DEFAULT 0 COMMENT '0 new, 1 exchanged',
  user_id       INT(11)     DEFAULT NULL,
  exchange_time DATETIME    NOT NULL DEFAULT '0000-00-00 00:00:00',
  batch_no      VARCHAR(32) DEFAULT NULL,
  add_time      DATETIME    DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_code (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

-- user_id came late: old rows have none.
CREATE TABLE mall_order_coupon (
  id             BIGINT(20)    NOT NULL AUTO_INCREMENT,
  user_id        INT(11)       DEFAULT NULL,
  order_sn       VARCHAR(64)   DEFAULT NULL,
  coupon_user_id INT(11)       DEFAULT NULL,
  coupon_amount  DECIMAL(10,2) DEFAULT NULL,
  refund_status  TINYINT(4)    DEFAULT 0 COMMENT '0 none, 1 refunded',
  refund_no      VARCHAR(64)   DEFAULT NULL,
  add_time       DATETIME      DEFAULT NULL,
  PRIMARY KEY (id),
  KEY idx_order (order_sn),
  KEY idx_coupon_user (coupon_user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE mall_coupon_super_black (
  goods_sn VARCHAR(64) NOT NULL,
  op       VARCHAR(20) DEFAULT NULL,
  add_time DATETIME    DEFAULT NULL,
  PRIMARY KEY (goods_sn)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb3;

-- The one table the migration adds, before the proxy goes in: what was asked under an operation id, and what was answered,
-- written in the transaction of the effect.
CREATE TABLE mall_coupon_operation (
  user_id     INT(11)       NOT NULL,
  op_id       VARCHAR(80)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  result      VARCHAR(4000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  add_time    DATETIME      NOT NULL,
  PRIMARY KEY (user_id, op_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
