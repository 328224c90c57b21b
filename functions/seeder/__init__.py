"""The seeding function. In the deployment package this folder is the top-level package `seeder`.

It uses relative imports only, so that tests import the same files as `functions.seeder`.
"""
