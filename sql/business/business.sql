-- What the business modules know of their own. Coupons are in it by their ids alone: whatever else they are, the coupon service says.

-- Coupons that a module has decided to give, written with its decision; given under their own key, so however often it is tried it is one.
CREATE TABLE IF NOT EXISTS coupon_grant (
  grant_key   VARCHAR(57)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the idempotency key of the claim',
  module      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id     BIGINT       NOT NULL,
  template_id VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel     VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partner_id  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty for none',
  state       TINYINT      NOT NULL DEFAULT 0 COMMENT '0 waiting, 1 given, 2 refused',
  coupon_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  refusal     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the code of the error',
  attempts    INT          NOT NULL DEFAULT 0,
  next_at     BIGINT       NOT NULL,
  created_at  BIGINT       NOT NULL,
  PRIMARY KEY (grant_key),
  KEY idx_due (state, next_at),
  KEY idx_user (user_id, template_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a device of a model in a condition is worth, as a coupon of this template.
CREATE TABLE IF NOT EXISTS trade_in_price (
  model       VARCHAR(64) NOT NULL,
  grade       CHAR(1)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'A to D',
  template_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (model, grade)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS trade_in (
  trade_in_no VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id     BIGINT      NOT NULL,
  model       VARCHAR(64) NOT NULL,
  grade       CHAR(1)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'as the user told it, then as it was found',
  device      CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of its serial number',
  state       TINYINT     NOT NULL COMMENT '0 quoted, 1 inspected, 2 accepted, 3 given, 4 declined, 5 refused',
  template_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  refusal     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  taken       CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the device, as long as nobody else may trade it in',
  created_at  BIGINT      NOT NULL,
  updated_at  BIGINT      NOT NULL,
  PRIMARY KEY (trade_in_no),
  UNIQUE KEY uk_taken (taken)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What an advertiser pays for: so much for each coupon that is used, and never more than the budget.
CREATE TABLE IF NOT EXISTS campaign (
  campaign_id    BIGINT       NOT NULL AUTO_INCREMENT,
  advertiser     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name           VARCHAR(100) NOT NULL,
  template_id    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  price_minor    BIGINT       NOT NULL,
  budget_minor   BIGINT       NOT NULL,
  reserved_minor BIGINT       NOT NULL DEFAULT 0 COMMENT 'for coupons that are out and not used',
  charged_minor  BIGINT       NOT NULL DEFAULT 0 COMMENT 'for coupons that were used',
  secret_hash    CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of what the advertiser calls with',
  ended_at       BIGINT       NULL,
  created_at     BIGINT       NOT NULL,
  PRIMARY KEY (campaign_id),
  KEY idx_template (template_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS conversion (
  campaign_id   BIGINT      NOT NULL,
  conversion_no VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the advertiser',
  user_id       BIGINT      NOT NULL,
  state         TINYINT     NOT NULL COMMENT '0 reserved, 1 given, 2 refused, 3 charged, 4 closed, 5 its use was taken back',
  coupon_id     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  refusal       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  checked_at    BIGINT      NOT NULL COMMENT 'when the coupon service was last asked what became of the coupon',
  created_at    BIGINT      NOT NULL,
  PRIMARY KEY (campaign_id, conversion_no),
  UNIQUE KEY uk_coupon (coupon_id),
  KEY idx_check (state, checked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Events of coupons that were heard of; each may be told more than once.
CREATE TABLE IF NOT EXISTS heard_event (
  event_id VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  heard_at BIGINT      NOT NULL,
  PRIMARY KEY (event_id),
  KEY idx_heard (heard_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
