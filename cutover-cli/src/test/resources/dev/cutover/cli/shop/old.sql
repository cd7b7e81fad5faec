CREATE TABLE shop_item (id INT PRIMARY KEY, title VARCHAR(40) NOT NULL, total INT NOT NULL, stock INT NOT NULL);
-- Item 1 has a limit that no test reaches and a counter that drifted by 7; item 2 has none.
INSERT INTO shop_item VALUES (1, 'limited', 100000000, 99999893), (2, 'unlimited', 0, -1);
CREATE TABLE shop_note (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, item_id INT NOT NULL, body VARCHAR(40) NULL);
CREATE TABLE shop_operation (user_id INT NOT NULL, op_id VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, result BIGINT NOT NULL, PRIMARY KEY (user_id, op_id));
INSERT INTO shop_note (user_id, item_id, body) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 500) SELECT i % 50 + 1, IF(i <= 100, 1, IF(i = 500, 99, 2)), CONCAT('legacy ', i) FROM c;
