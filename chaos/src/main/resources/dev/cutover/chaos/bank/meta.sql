CREATE TABLE template_info (template_id INT PRIMARY KEY, title VARCHAR(40) NOT NULL, total INT NOT NULL);
CREATE TABLE id_sequence (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, next_value BIGINT NOT NULL);
