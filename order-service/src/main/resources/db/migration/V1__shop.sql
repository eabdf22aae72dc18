-- The source of truth: who ordered what, with the rules that no caller may break, whatever program it runs.

create table customers (
    id         uuid primary key,
    name       text        not null check (length(name) between 1 and 200),
    email      text        not null check (length(email) between 1 and 254),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version    bigint      not null check (version >= 1)
);

create unique index customers_email_key on customers (lower(email));

create table products (
    id         uuid primary key,
    sku        text           not null check (length(sku) between 1 and 64),
    name       text           not null check (length(name) between 1 and 200),
    price      numeric(12, 2) not null check (price >= 0),
    created_at timestamptz    not null,
    updated_at timestamptz    not null,
    version    bigint         not null check (version >= 1),
    constraint products_sku_key unique (sku)
);

create table orders (
    id          uuid primary key,
    customer_id uuid           not null references customers,
    status      text           not null check (status in ('PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    currency    text           not null check (currency ~ '^[A-Z]{3}$'),
    total       numeric(14, 2) not null check (total >= 0),
    created_at  timestamptz    not null,
    updated_at  timestamptz    not null,
    version     bigint         not null check (version >= 1)
);

create index orders_customer_id_idx on orders (customer_id, id);

create table order_items (
    order_id   uuid           not null references orders,
    position   integer        not null check (position >= 0),
    product_id uuid           not null references products,
    quantity   integer        not null check (quantity between 1 and 10000),
    unit_price numeric(12, 2) not null check (unit_price >= 0),
    line_total numeric(16, 2) not null check (line_total = quantity * unit_price),
    primary key (order_id, position)
);

create index order_items_product_id_idx on order_items (product_id);

grant select, insert, update, delete on customers, products, orders, order_items to orders_app;
