CREATE TABLE note_{table} (note_id BIGINT PRIMARY KEY, user_id INT NOT NULL, item_id INT NOT NULL, body VARCHAR(40) NULL);
CREATE TABLE operation_{table} (user_id INT NOT NULL, op_id VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, result BIGINT NOT NULL, PRIMARY KEY (user_id, op_id));
CREATE TABLE stock_slice (template_id BIGINT NOT NULL, slice_no SMALLINT NOT NULL, allotted BIGINT NOT NULL, remaining BIGINT NOT NULL, PRIMARY KEY (template_id, slice_no));
CREATE TABLE stock_lot (lot_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, template_id BIGINT NOT NULL, pieces INT NOT NULL);
CREATE TABLE stock_piece (lot_id BIGINT NOT NULL, piece_no INT NOT NULL, PRIMARY KEY (lot_id, piece_no));
