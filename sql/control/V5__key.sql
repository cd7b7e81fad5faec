-- Tables with any key: the borders of chunks and ranges are whole keys as text.

ALTER TABLE cutover_chunk
  MODIFY lo TEXT NULL COMMENT 'exclusive, NULL: open',
  MODIFY hi TEXT NULL COMMENT 'inclusive, NULL: open';

ALTER TABLE cutover_pass_range
  MODIFY lo TEXT NULL COMMENT 'exclusive, NULL: open',
  MODIFY hi TEXT NULL COMMENT 'inclusive, NULL: open';
